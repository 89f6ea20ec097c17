/** What is pasted before the parts are there that sanitize it, and what is typed behind it. */
import { TypedAhead } from '#lib/views/compose/typed-ahead.ts'
import { loadWindowParts } from '#lib/views/compose/window-parts.svelte.ts'

export class EarlyPaste {
  /** null: nothing that is pasted waits */
  #behind: TypedAhead | null = null

  /** `put` is called as soon as the parts are there, and must put it in at once: whoever sends waits no longer than that. */
  take(event: ClipboardEvent, put: (html: string, plain: string, typed: string) => void): void {
    event.preventDefault()
    event.stopImmediatePropagation()
    const [html = '', plain = ''] = ['text/html', 'text/plain'].map((type) => event.clipboardData?.getData(type))
    const typed = new TypedAhead()
    this.#behind = typed
    void loadWindowParts().then(() => {
      this.#behind = null
      put(html, plain, typed.take())
    })
  }

  /** True: the key was kept, and does nothing else. */
  keeps(event: KeyboardEvent): boolean {
    return this.#behind?.keeps(event) ?? false
  }
}
