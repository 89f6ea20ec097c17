/** The words on screen, given to components by context. */
import type { Words } from '#lib/words/en.ts'
import { loadWords, type Language } from '#lib/words/language.ts'
import { createContext } from 'svelte'

export class Speech {
  #words = $state.raw<Words>() as Words
  #language = $state<Language>('en')

  constructor(language: Language, words: Words) {
    this.#language = language
    this.#words = words
  }

  get words(): Words {
    return this.#words
  }

  get language(): Language {
    return this.#language
  }

  async speak(language: Language): Promise<void> {
    this.#words = await loadWords(language)
    this.#language = language
  }
}

const [get, set] = createContext<Speech>()

export { get as speech, set as setSpeech }
