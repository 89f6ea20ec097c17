/** How the person wants the list on this device. */
const KEY = 'postroom-view'

export const LIST_WIDTHS = { least: 320, usual: 440, most: 640 } as const

interface Kept {
  readonly density: 'comfortable' | 'compact'
  /** a conversation opens beside the list */
  readonly pane: boolean
  /** of the list beside the reading pane, in CSS pixels at 16 px root; null: as the window has room */
  readonly width: number | null
  /** keys without Ctrl run commands (WCAG 2.1.4) */
  readonly singleKeys: boolean
}

const USUAL: Kept = { density: 'comfortable', pane: true, width: null, singleKeys: true }

export class Preferences {
  readonly #storage: () => Storage
  #kept = $state.raw<Kept>(USUAL)

  /** Where the person blocks what sites store, a browser throws already when it is asked for its storage. */
  // eslint-disable-next-line no-restricted-globals -- no secret; a width of one screen does not fit another device
  constructor(storage = () => localStorage) {
    this.#storage = storage
    this.#kept = this.#read()
  }

  get density(): Kept['density'] {
    return this.#kept.density
  }

  get pane(): boolean {
    return this.#kept.pane
  }

  get width(): number | null {
    return this.#kept.width
  }

  get singleKeys(): boolean {
    return this.#kept.singleKeys
  }

  set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change }
    try {
      this.#storage().setItem(KEY, JSON.stringify(this.#kept))
    } catch {
      // It holds until the page is loaded anew.
    }
  }

  /** Make the list wider or narrower. */
  widen(width: number): void {
    const { least, most } = LIST_WIDTHS
    this.set({ width: Math.round(Math.min(most, Math.max(least, width))) })
  }

  /** Another version, or a hand, may have written anything. */
  #read(): Kept {
    try {
      const { density, pane, width, singleKeys } = JSON.parse(this.#storage().getItem(KEY) ?? '{}') as Partial<Kept>
      const { least, most } = LIST_WIDTHS
      return {
        density: density === 'compact' ? density : USUAL.density,
        pane: pane !== false,
        width: typeof width === 'number' && width >= least && width <= most ? width : null,
        singleKeys: singleKeys !== false
      }
    } catch {
      return USUAL
    }
  }
}
