/** On a phone a window of writing covers the page, and Back closes it: each window has an entry in the browser's history. */
import type { BeforeNavigate } from '$app/navigation'
import type { Writing } from '#lib/state/writing.svelte.ts'

/** Milliseconds. A browser that does not go back must not keep every link away. */
const PATIENCE = 1_000

interface History {
  readonly push: (windows: number) => Promise<void>
  readonly go: (by: number) => void
  readonly goto: (url: URL) => Promise<void>
}

export class WindowEntries {
  readonly #history: History
  /** windows up to the entry where the browser is */
  #entries = 0
  #isPushing = $state(false)
  /** The browser is on its way back from the entries of windows that are closed. */
  #leaving: ReturnType<typeof setTimeout> | null = null
  /** where a link leads that was pressed meanwhile */
  #held: URL | null = null

  constructor(history: History) {
    this.#history = history
  }

  /** `entries`: as the entry says where the browser is. `isQuiet`: it is on its way to no other. */
  follow(entries: number, { covering, close }: Writing['windows'], isQuiet: boolean): void {
    if (this.#isPushing || !isQuiet) return
    if (this.#leaving !== null && entries === this.#entries) return
    const isBack = this.#leaving === null && entries < this.#entries
    this.#entries = entries
    this.#left()
    if (covering === null) return
    if (covering < entries) this.#leave(covering - entries)
    else if (isBack && covering > entries) close()
    else if (covering > entries) this.#push(entries + 1)
  }

  /** The browser goes back a moment later: what is opened before would be what it goes back from. */
  hold({ type, to, willUnload, cancel }: BeforeNavigate): void {
    if (this.#leaving === null || !to || willUnload || type === 'popstate') return
    cancel()
    this.#held = to.url
  }

  #push(windows: number): void {
    this.#isPushing = true
    const over = (): boolean => (this.#isPushing = false)
    // It fails where another navigation was quicker.
    this.#history.push(windows).then(over, over)
  }

  #leave(by: number): void {
    this.#leaving = setTimeout(() => this.#left(), PATIENCE)
    this.#history.go(by)
  }

  #left(): void {
    const held = this.#held
    if (this.#leaving !== null) clearTimeout(this.#leaving)
    this.#leaving = this.#held = null
    if (held) void this.#history.goto(held)
  }
}
