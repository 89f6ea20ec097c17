/** The words above a quote, in the language in which the person reads; loaded on use. */
import { Choice } from '#lib/words/choice.ts'
import type { quoting } from '#lib/words/en/quoting.ts'
import type { Language } from '#lib/words/language.ts'

/** Dates are written as elsewhere in the page: in the way of the region that the person chose. */
export async function quotingWords(language: Language, choice = new Choice()): Promise<ReturnType<typeof quoting>> {
  const module = language === 'de' ? await import('#lib/words/de/quoting.ts') : await import('#lib/words/en/quoting.ts')
  return module.quoting(choice.region ? `${language}-${choice.region}` : undefined)
}
