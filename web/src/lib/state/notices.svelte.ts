/** What the last action did, in words, and how to take it back. */
import type { ActionWords } from '#lib/words/actions.svelte.ts'
import type { Words } from '#lib/words/en.ts'

/** Words of actions are loaded after the first view: who shows the notice has them. */
export type Said = string | ((words: ActionWords, all: Words['mail']) => string)

export interface Notice {
  readonly text: Said
  /** takes the action back; null if nothing can */
  readonly undo: (() => void) | null
  /** tries once more what failed; null for nothing */
  readonly again: (() => void) | null
}

interface Undo {
  readonly run: () => void
  /** what is said when it is done */
  readonly done: Said
}

/** Actions that can be taken back, the last one first (undo does not depend on the time that a toast is shown). */
const MOST_UNDOS = 20

export class Notices {
  #shown = $state.raw<Notice | null>(null)
  #undos = $state.raw<readonly Undo[]>([])

  /** null for nothing */
  get shown(): Notice | null {
    return this.#shown
  }

  get canUndo(): boolean {
    return this.#undos.length > 0
  }

  /** With `undo`, the person may take it back: by the notice, or later by a key. */
  say(text: Said, undo: Undo | null = null): void {
    if (undo) this.#undos = [...this.#undos, undo].slice(-MOST_UNDOS)
    this.#shown = { text, undo: undo && (() => this.#undo(undo)), again: null }
  }

  /** Something failed, and may be tried once more. */
  failed(text: Said, again: () => void): void {
    this.#shown = { text, undo: null, again }
  }

  undoLast(): void {
    const last = this.#undos.at(-1)
    if (last) this.#undo(last)
  }

  hide(): void {
    this.#shown = null
  }

  #undo(undo: Undo): void {
    this.#undos = this.#undos.filter((one) => one !== undo)
    undo.run()
    this.say(undo.done)
  }
}
