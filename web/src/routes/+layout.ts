import { languageOf, loadWords } from '#lib/words/language.ts'
import type { LayoutLoad } from './$types.js'

// Every page runs in the browser only; Postroom serves the shells as files.
export const ssr = false
export const prerender = false

export const load: LayoutLoad = async () => {
  const language = languageOf(navigator.languages)
  return { language, words: await loadWords(language) }
}
