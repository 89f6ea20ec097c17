/** The windows of writing of this tab. */
import type { Composition } from '#lib/state/compose.ts'
import { brought, minimised, NOTHING, opened, resized, seen } from '#lib/state/dock.ts'

export class Dock {
  readonly #open: () => readonly Composition[]
  readonly #most: () => number
  #arranged = $state.raw(NOTHING)
  readonly #ids: readonly string[] = $derived.by(() => this.#open().map(({ id }) => id))
  readonly #arrangement = $derived.by(() => opened(this.#arranged, this.#ids))
  readonly #seen = $derived.by(() => seen(this.#arrangement, this.#ids, this.#most()))

  /** `most`: for how many there is room beside each other. */
  constructor(open: () => readonly Composition[], most: () => number) {
    this.#open = open
    this.#most = most
  }

  get all(): readonly Composition[] {
    return this.#open()
  }

  get tabs(): readonly Composition[] {
    return this.all.filter(({ id }) => this.#seen.tabs.includes(id))
  }

  isSeen(id: string): boolean {
    return this.#seen.windows.includes(id)
  }

  isFull(id: string): boolean {
    return this.#arrangement.full === id
  }

  bring(id: string): void {
    this.#arranged = brought(this.#arrangement, id)
  }

  minimise(id: string): void {
    this.#arranged = minimised(this.#arrangement, id)
  }

  resize(id: string): void {
    this.#arranged = resized(this.#arrangement, id)
  }
}
