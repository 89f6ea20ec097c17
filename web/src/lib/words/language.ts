/** Which language to speak, and how to load its words. Each language is a file of its own; the other is never loaded. */
import type { Words } from '#lib/words/en.ts'

export const LANGUAGES = ['en', 'de'] as const
export type Language = (typeof LANGUAGES)[number]

/** The first of the browser's languages that we speak, else English. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language)
    if (found) return found
  }
  return 'en'
}

/** Words of some pages only, which the mail page does not load. */
export type Part = 'preparation' | 'signIn'

/** Only the parts that are named are there. */
export async function loadWords(language: Language, parts: readonly Part[]): Promise<Words> {
  const [{ words }, ...others] = await Promise.all([
    language === 'de' ? import('#lib/words/de.ts') : import('#lib/words/en.ts'),
    ...parts.map((part) => loadPart(language, part))
  ])
  return Object.assign({}, words, ...others) as Words
}

function loadPart(language: Language, part: Part): Promise<Partial<Words>> {
  if (part === 'signIn') {
    return language === 'de' ? import('#lib/words/de/sign-in.ts') : import('#lib/words/en/sign-in.ts')
  }
  return language === 'de' ? import('#lib/words/de/preparation.ts') : import('#lib/words/en/preparation.ts')
}
