/**
 * On a phone Back closes what lies over the page: a window of writing, a dialog, the drawer, a selection. Each has an entry in the
 * browser's history, also where the page is the first of its tab: without one, Back would leave the page with all that is open.
 */
import type { BeforeNavigate } from '$app/navigation'

/** Milliseconds. A browser that does not go back must not keep every link away. */
const PATIENCE = 1_000

interface History {
  readonly push: (entries: number) => Promise<void>
  readonly go: (by: number) => void
  readonly goto: (url: URL) => Promise<void>
  /** Closes what is on top. */
  readonly close: () => void
}

export interface Over {
  /** of writing; null while that is not known */
  readonly windows: number | null
  /** dialogs, popovers, and a selection */
  readonly layers: number
}

export class BackEntries {
  readonly #history: History
  /** up to the entry where the browser is */
  #entries = 0
  /** those of a page that was loaded again, whose windows are not known yet */
  #unknown: number | null = null
  #isPushing = $state(false)
  /** while the browser is on its way back from the entries of what is closed */
  #leaving: PromiseWithResolvers<undefined> | null = null
  /** The browser was not back when patience ended. Once it is, nobody has pressed Back. */
  #isOverdue = false

  constructor(history: History) {
    this.#history = history
  }

  /** `entries`: as the entry says where the browser is. `isQuiet`: it is on its way to no other. */
  follow(entries: number, { windows, layers }: Over, isQuiet: boolean): void {
    if (this.#isPushing || !isQuiet) return
    if (this.#leaving !== null && entries === this.#entries) return
    const isBack = this.#leaving === null && !this.#isOverdue && entries < this.#entries
    if (entries !== this.#entries) this.#isOverdue = false
    this.#entries = entries
    this.#unknown ??= entries
    this.#end(this.#leaving)
    const over = (windows ?? Math.min(this.#unknown, entries)) + layers
    // The browser may still go back: to ask once more would lead too far.
    if (this.#isOverdue && over <= entries) return
    if (over < entries) this.#leave(over - entries)
    else if (isBack && over > entries) this.#history.close()
    else if (over > entries) this.#push(entries + 1)
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
      // The entry of another page has nothing over it yet. Nobody went back: what is open stays.
      this.#entries = this.#unknown = 0
      this.#isOverdue = false
    }
  }

  #push(entries: number): void {
    this.#isPushing = true
    const over = (): boolean => (this.#isPushing = false)
    // It fails where another navigation was quicker.
    this.#history.push(entries).then(over, over)
  }

  #leave(by: number): void {
    const leaving = Promise.withResolvers<undefined>()
    this.#leaving = leaving
    setTimeout(() => {
      this.#isOverdue ||= this.#leaving === leaving
      this.#end(leaving)
    }, PATIENCE)
    this.#history.go(by)
  }

  #end(leaving: PromiseWithResolvers<undefined> | null): void {
    if (this.#leaving === leaving) this.#leaving = null
    leaving?.resolve(undefined)
  }
}
