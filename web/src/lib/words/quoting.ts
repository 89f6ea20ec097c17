/** The words above a quote, in the language in which the person reads. */
import { Choice } from '#lib/words/choice.ts'
import type { Words } from '#lib/words/en.ts'
import type { Language } from '#lib/words/language.ts'
import { loadPart } from '#lib/words/parts.ts'

/** Dates are written as elsewhere in the page: in the way of the region that the person chose. */
export async function quotingWords(language: Language, choice = new Choice()): Promise<ReturnType<Words['quoting']>> {
  const { quoting } = (await loadPart('writing', language)) as Pick<Words, 'quoting'>
  return quoting(choice.region ? `${language}-${choice.region}` : undefined)
}
