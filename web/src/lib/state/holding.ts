/**
 * Holds the rows of the list in place while the pointer or the focus is in it: what others change would move them from
 * under it. It ends a moment after both have left, and while the person scrolls.
 */
export type Why = 'pointer' | 'focus' | 'selection' | 'reader'

/** Milliseconds: a pointer that crosses the edge comes back. */
const LINGERS = 400
/** Milliseconds after the last scroll event. */
const SCROLLS = 150

export class Holding {
  readonly #hold: (held: boolean) => void
  readonly #why = new Set<Why>()
  #held = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(hold: (held: boolean) => void) {
    this.#hold = hold
  }

  enter(why: Why): void {
    this.#why.add(why)
    clearTimeout(this.#timer)
    this.#set(true)
  }

  leave(why: Why): void {
    if (!this.#why.delete(why) || this.#why.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#set(false), LINGERS)
  }

  /** The rows move anyway; afterwards they are held again where they are. */
  scrolled(): void {
    this.release()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#set(this.#why.size > 0), SCROLLS)
  }

  /** Another list is shown: it is held as the one before. */
  renew(): void {
    if (this.#held) this.#hold(true)
  }

  /** The person asked for what waits. */
  release(): void {
    clearTimeout(this.#timer)
    this.#set(false)
  }

  #set(held: boolean): void {
    if (held === this.#held) return
    this.#held = held
    this.#hold(held)
  }
}
