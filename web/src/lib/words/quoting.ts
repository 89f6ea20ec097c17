/** The words above a quote, in the language in which the person reads; loaded on use. */
import type { quoting } from '#lib/words/en/quoting.ts'
import type { Language } from '#lib/words/language.ts'

export async function quotingWords(language: Language): Promise<typeof quoting> {
  const module = language === 'de' ? await import('#lib/words/de/quoting.ts') : await import('#lib/words/en/quoting.ts')
  return module.quoting
}
