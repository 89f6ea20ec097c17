/** The words of the search. They are loaded with it, in one language. */
import type { Widen } from '#lib/words/en.ts'
import type { search } from '#lib/words/en/search.ts'
import type { Language } from '#lib/words/language.ts'

export type SearchWords = Widen<typeof search>

export async function searchWords(language: Language): Promise<SearchWords> {
  const module = language === 'de' ? await import('#lib/words/de/search.ts') : await import('#lib/words/en/search.ts')
  return module.search
}
