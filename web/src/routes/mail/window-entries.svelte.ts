/** On a phone a window of writing covers the page, and Back closes it: each window has an entry in the browser's history. */
import type { BeforeNavigate } from '$app/navigation'
import type { Writing } from '#lib/state/writing.svelte.ts'

/** Milliseconds. A browser that does not go back must not keep every link away. */
const PATIENCE = 1_000

interface History {
  readonly push: (windows: number) => Promise<void>
  readonly go: (by: number) => void
  readonly goto: (url: URL) => Promise<void>
  /** Closes what is open over the window; false: nothing is. */
  readonly closeTop: () => boolean
}

export class WindowEntries {
  readonly #history: History
  /** windows up to the entry where the browser is */
  #entries = 0
  #isPushing = $state(false)
  /** while the browser is on its way back from the entries of windows that are closed */
  #leaving: PromiseWithResolvers<undefined> | null = null

  constructor(history: History) {
    this.#history = history
  }

  /** `entries`: as the entry says where the browser is. `isQuiet`: it is on its way to no other. */
  follow(entries: number, { covering, close }: Writing['windows'], isQuiet: boolean): void {
    if (this.#isPushing || !isQuiet) return
    if (this.#leaving !== null && entries === this.#entries) return
    const isBack = this.#leaving === null && entries < this.#entries
    this.#entries = entries
    this.#end(this.#leaving)
    if (covering === null) return
    if (covering < entries) this.#leave(covering - entries)
    else if (isBack && covering > entries && !this.#history.closeTop()) close()
    else if (covering > entries) this.#push(entries + 1)
  }

  /** The browser goes back a moment later: what is opened before would be what it goes back from. */
  get left(): Promise<undefined> | undefined {
    return this.#leaving?.promise
  }

  /** Told before each navigation: a link that is pressed meanwhile waits. */
  hold({ type, shallow, to, willUnload, cancel }: BeforeNavigate): void {
    if (type === 'popstate' || shallow) return
    if (this.left && to && !willUnload) {
      cancel()
      void this.left.then(() => this.#history.goto(to.url))
    } else {
      // The entry of another page has no window yet. Nobody went back: those that are open stay.
      this.#entries = 0
    }
  }

  #push(windows: number): void {
    this.#isPushing = true
    const over = (): boolean => (this.#isPushing = false)
    // It fails where another navigation was quicker.
    this.#history.push(windows).then(over, over)
  }

  #leave(by: number): void {
    const leaving = Promise.withResolvers<undefined>()
    this.#leaving = leaving
    setTimeout(() => this.#end(leaving), PATIENCE)
    this.#history.go(by)
  }

  #end(leaving: PromiseWithResolvers<undefined> | null): void {
    if (this.#leaving === leaving) this.#leaving = null
    leaving?.resolve(undefined)
  }
}
