/** The words of actions, which the first view does not need: each language is a file of its own. */
import type { Widen } from '#lib/words/en.ts'
import type { actions } from '#lib/words/en/actions.ts'
import type { Language } from '#lib/words/language.ts'
import { speech, type Speech } from '#lib/words/words.svelte.ts'

export type ActionWords = Widen<typeof actions>
/** Each command has a name in words. */
export type CommandName = keyof ActionWords['commands']

async function loadActionWords(language: Language): Promise<ActionWords> {
  const module = language === 'de' ? await import('#lib/words/de/actions.ts') : await import('#lib/words/en/actions.ts')
  return module.actions
}

class Loaded {
  #words = $state.raw<ActionWords | null>(null)
  #language: Language | null = null

  /** Null until they are loaded; those of the language before until then. */
  of({ language }: Speech): ActionWords | null {
    if (language !== this.#language) {
      this.#language = language
      loadActionWords(language).then(
        (words) => (this.#words = words),
        // Without a network: whoever needs them next asks again.
        () => (this.#language = null)
      )
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
