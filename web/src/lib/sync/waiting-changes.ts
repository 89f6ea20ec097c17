/** A list of settings with changes that the service does not know yet: they are shown at once, whatever it says meanwhile. */

export type Change<T> = (items: readonly T[]) => readonly T[]

export class WaitingChanges<T> {
  #kept: readonly T[] = []
  readonly #waiting = new Set<Change<T>>()
  readonly #show: (items: readonly T[]) => void

  /** `show` is called with the list as the person wants it. */
  constructor(show: (items: readonly T[]) => void) {
    this.#show = show
  }

  /** What the service keeps. */
  take(kept: readonly T[]): void {
    this.#kept = kept
    this.#apply()
  }

  /** `shown`: the list until now, which this device may know without the service. */
  begin(change: Change<T>, shown: readonly T[]): void {
    if (this.#waiting.size === 0) this.#kept = shown
    this.#waiting.add(change)
    this.#apply()
  }

  /** The service knows it, or refused it. */
  end(change: Change<T>): void {
    this.#waiting.delete(change)
    this.#apply()
  }

  #apply(): void {
    this.#show([...this.#waiting].reduce((items, change) => change(items), this.#kept))
  }
}
