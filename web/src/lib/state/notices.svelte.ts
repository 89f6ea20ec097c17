/** What the last action did, in words, and how to undo it. */
import type { ActionWords } from '#lib/words/parts.ts'
import type { Words } from '#lib/words/en.ts'

/** Words of actions come with what reads, which shows the notice. */
export type Said = string | ((words: ActionWords, all: Words['mail']) => string)

export interface Notice {
  readonly text: Said
  /** takes the action back; null if nothing can */
  readonly undo: (() => void) | null
  /** tries once more what failed; null for nothing */
  readonly again: (() => void) | null
  readonly timed: Timed | null
}

/** It has a time of its own, which is counted down. `left`: what is shown with so many seconds left, in place of the text. */
export interface Timed {
  readonly until: number
  readonly left: (seconds: number) => string
}

export interface Undo {
  readonly run: () => void
  /** what is said when it is done; null: `run` says it */
  readonly done: Said | null
}

/** Actions that can be undone, the last one first (undo does not depend on the time that a toast is shown). */
const MOST_UNDOS = 20

export class Notices {
  #shown = $state.raw<Notice | null>(null)
  #undos = $state.raw<readonly Undo[]>([])
  /** by what was said last */
  #offered: Undo | null = null

  /** null for nothing */
  get shown(): Notice | null {
    return this.#shown
  }

  get canUndo(): boolean {
    return this.#undos.length > 0
  }

  /** With `undo`, the person may undo it: by the notice, or later by a key. */
  say(text: Said, undo: Undo | null = null, timed: Timed | null = null): void {
    if (undo) this.#undos = [...this.#undos, undo].slice(-MOST_UNDOS)
    this.#offered = undo
    this.#shown = { text, undo: undo && (() => this.#undo(undo)), again: null, timed }
  }

  /** Something failed, and may be tried once more. */
  failed(text: Said, again: () => void): void {
    this.#shown = { text, undo: null, again, timed: null }
  }

  undoLast(): void {
    const last = this.#undos.at(-1)
    if (last) this.#undo(last)
  }

  /** It can no longer be undone. */
  withdraw(undo: Undo): void {
    this.#undos = this.#undos.filter((one) => one !== undo)
    if (this.#offered === undo && this.#shown?.undo) this.#shown = null
  }

  hide(): void {
    this.#shown = null
  }

  #undo(undo: Undo): void {
    this.#undos = this.#undos.filter((one) => one !== undo)
    undo.run()
    if (undo.done !== null) this.say(undo.done)
    else if (this.#offered === undo) this.hide()
  }
}
