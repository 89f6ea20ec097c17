/** The windows of writing of this tab. */
import type { Composition } from '#lib/writing/state/compose.ts'
import { brought, minimised, NOTHING, opened, resized, seen, waiting } from '#lib/writing/state/dock.ts'
import { MediaQuery } from 'svelte/reactivity'

export class Dock {
  readonly #open: () => readonly Composition[]
  readonly #phone = new MediaQuery('(width < 48rem), (pointer: coarse) and (width < 64rem)')
  readonly #wide = new MediaQuery('width >= 80rem')
  #arranged = $state.raw(NOTHING)
  readonly #ids: readonly string[] = $derived.by(() => this.#open().map(({ id }) => id))
  readonly #arrangement = $derived.by(() => opened(this.#arranged, this.#ids))
  readonly #seen = $derived.by(() => seen(this.#arrangement, this.#ids, this.#most))

  constructor(open: () => readonly Composition[]) {
    this.#open = open
  }

  /** for how many there is room beside each other */
  get #most(): number {
    return this.#wide.current && !this.isPhone ? 2 : 1
  }

  /** One window covers the screen. */
  get isPhone(): boolean {
    return this.#phone.current
  }

  /** on a phone, with those behind it; those that are minimised are tabs */
  get covering(): number {
    return this.isPhone ? this.#ids.filter((id) => !this.#arrangement.minimised.has(id)).length : 0
  }

  /** the one that covers the page */
  get front(): string | undefined {
    return this.isPhone ? this.#seen.windows[0] : (this.#arrangement.full ?? undefined)
  }

  get all(): readonly Composition[] {
    return this.#open()
  }

  get tabs(): readonly Composition[] {
    return this.all.filter(({ id }) => this.#seen.tabs.includes(id))
  }

  /** Takes note of windows that opened, before they are drawn. `takesKeys`: the person is at something that one would cover. */
  admit(open: readonly Composition[], takesKeys: boolean): void {
    const ids = open.map(({ id }) => id)
    this.#arranged = this.isPhone && takesKeys ? waiting(this.#arranged, ids) : opened(this.#arranged, ids)
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
