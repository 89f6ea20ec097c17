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

export async function loadWords(language: Language): Promise<Words> {
  const module = language === 'de' ? await import('#lib/words/de.ts') : await import('#lib/words/en.ts')
  return module.words
}
