/** A list of settings, shown with the changes that the service does not keep yet. */

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

  /**
   * Shows the change until `save` has ended, which resolves to what the service keeps then. `shown`: the list until now, which
   * this device may know without the service. Raises what `save` raises; then the change is not shown any more.
   */
  async make(change: Change<T>, shown: readonly T[], save: () => Promise<readonly T[]>): Promise<void> {
    if (this.#waiting.size === 0) this.#kept = shown
    this.#waiting.add(change)
    this.#apply()
    try {
      this.take(await save())
    } finally {
      this.#waiting.delete(change)
      this.#apply()
    }
  }

  #apply(): void {
    this.#show([...this.#waiting].reduce((items, change) => change(items), this.#kept))
  }
}
