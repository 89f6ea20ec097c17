/** How to load words: those of the mail page, and those of each other part of the page, are one file a language. */
import type { Words } from '#lib/words/en.ts'
import type { Language } from '#lib/words/language.ts'

export type AbsenceWords = Words['absence']
export type ActionWords = Words['actions']
/** Each command has a name in words. */
export type CommandName = keyof ActionWords['commands']
export type ComposeWords = Words['compose']
export type DeliveryWords = Words['delivery']
export type FilterWords = Words['filters']
export type Folders = Words['folders']
export type IdentityWords = Words['identities']
export type Live = Words['live']
export type Reading = Words['reading']
export type SearchWords = Words['search']
export type SecurityWords = Words['security']
export type SettingsWords = Words['settings']

export type Part = 'preparation' | 'signIn' | 'reading' | 'writing' | 'settings'

const PARTS: Record<Part, Record<Language, () => Promise<Partial<Words>>>> = {
  preparation: { en: () => import('#lib/words/en/preparation.ts'), de: () => import('#lib/words/de/preparation.ts') },
  signIn: { en: () => import('#lib/words/en/sign-in.ts'), de: () => import('#lib/words/de/sign-in.ts') },
  reading: { en: () => import('#lib/words/reading/en.ts'), de: () => import('#lib/words/reading/de.ts') },
  writing: { en: () => import('#lib/words/writing/en.ts'), de: () => import('#lib/words/writing/de.ts') },
  settings: { en: () => import('#lib/words/settings/en.ts'), de: () => import('#lib/words/settings/de.ts') }
}

export function loadPart(part: Part, language: Language): Promise<Partial<Words>> {
  return PARTS[part][language]()
}

/** Only the parts that are named are there. */
export async function loadWords(language: Language, parts: Iterable<Part>): Promise<Words> {
  const [{ words }, ...others] = await Promise.all([
    language === 'de' ? import('#lib/words/de.ts') : import('#lib/words/en.ts'),
    ...[...parts].map((part) => loadPart(part, language))
  ])
  return Object.assign({}, words, ...others) as Words
}
