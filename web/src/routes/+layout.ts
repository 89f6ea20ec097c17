import { Choice } from '#lib/words/choice.ts'
import { languageOf } from '#lib/words/language.ts'
import { loadWords } from '#lib/words/parts.ts'
import { Speech } from '#lib/words/words.svelte.ts'
import type { LayoutLoad } from './$types.js'

// Every page runs in the browser only; Postroom serves the shells as files.
export const ssr = false
export const prerender = false

export const load: LayoutLoad = async () => {
  const choice = new Choice()
  const language = choice.language ?? languageOf(navigator.languages)
  return { speech: new Speech(language, await loadWords(language, []), choice) }
}
