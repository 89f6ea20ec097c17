/** The words of actions load when they are first needed, once for all who need them. */
import { latePart } from '#lib/ui/late-part.ts'
import { loadActionWords, type ActionWords } from '#lib/words/actions.ts'
import type { Language } from '#lib/words/language.ts'
import { speech, type Speech } from '#lib/words/words.svelte.ts'

class Loaded {
  #words = $state.raw<ActionWords | null>(null)
  #language: Language | null = null

  /** Null until they are loaded; those of the language before until then. */
  of({ language }: Speech): ActionWords | null {
    if (language !== this.#language) {
      this.#language = language
      // What was done without a network is told once they can be had.
      void latePart(() => loadActionWords(language)).then((words) => {
        if (language === this.#language) this.#words = words
      })
    }
    return this.#words
  }
}

const loaded = new Loaded()

/** For components, at their start: a getter of the words, null until they are loaded. */
export function actionWords(): () => ActionWords | null {
  const spoken = speech()
  return () => loaded.of(spoken)
}
