/** The focus of the page, which a window of writing takes and gives back. */
import type { Cursor } from '#lib/state/cursor.svelte.ts'
import { focusHeading, rowAt } from '#lib/views/list/drawn-rows.ts'

const DOCK = '.dock'

export class ReturnFocus {
  readonly #cursor: Cursor
  #from: EventTarget | null = null

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  /** A window gets the focus from there. From another window, it is given back to where that one got it. */
  takenFrom(from: EventTarget | null): void {
    if (!(from instanceof Element && from.closest(DOCK))) this.#from = from
  }

  /** The window is gone. Whoever went elsewhere meanwhile, also to another window, stays there. */
  give(): void {
    const { activeElement } = document
    if (activeElement && activeElement !== document.body) return
    const from = this.#from
    this.#from = null
    const isThere = from instanceof HTMLElement && from.isConnected && from !== document.body
    // A row may show another conversation by now.
    if (isThere && rowAt(from) === null) from.focus()
    else if (!this.#cursor.goBack()) focusHeading()
  }
}
