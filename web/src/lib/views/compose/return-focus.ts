/** The focus of the page, which a window of writing takes and gives back. */
import { originOf, returnTo, type FocusOrigin } from '#lib/state/focus-origin.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { focusHeading, rowAt } from '#lib/views/list/row-focus.ts'

const DOCK = '.dock'

export class ReturnFocus {
  readonly #page: MailPage
  #element: Element | null = null
  #origin: FocusOrigin | null = null

  constructor(page: MailPage) {
    this.#page = page
  }

  /** A window gets the focus from there; from another window it came the same way as that one. */
  takenFrom(element: EventTarget | null): void {
    if (element instanceof Element && element.closest(DOCK)) return
    const found = element instanceof Element && element !== document.body ? element : null
    const place = found?.closest('.reader-pane') ? 'reader' : found ? 'elsewhere' : 'nowhere'
    const row = rowAt(found)
    this.#element = found
    this.#origin = row ? originOf(this.#page, 'row', row.threadId) : originOf(this.#page, place)
  }

  /** The window is gone. Whoever went elsewhere meanwhile stays there. */
  give(): void {
    const { activeElement } = document
    if (activeElement && activeElement !== document.body && !activeElement.closest(DOCK)) return
    const [element, origin] = [this.#element, this.#origin ?? originOf(this.#page, 'nowhere')]
    this.#origin = null
    const to = returnTo(this.#page, origin, element?.isConnected === true)
    if (to === 'heading') focusHeading()
    else if (to === 'element' && element instanceof HTMLElement) element.focus()
  }
}
