/** How the person wants the list on this device. */
import { Device } from '#lib/state/device.ts'

const KEY = 'view'

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
  readonly #device: Device
  #kept = $state.raw<Kept>(USUAL)

  constructor(device = new Device()) {
    this.#device = device
    this.#kept = read(device.read(KEY))
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
    this.#device.write(KEY, this.#kept)
  }

  /** Make the list wider or narrower. */
  widen(width: number): void {
    const { least, most } = LIST_WIDTHS
    this.set({ width: Math.round(Math.min(most, Math.max(least, width))) })
  }
}

/** Another version, or a hand, may have written anything. */
function read(kept: unknown): Kept {
  const { density, pane, width, singleKeys } = (kept ?? {}) as Partial<Kept>
  const { least, most } = LIST_WIDTHS
  return {
    density: density === 'compact' ? density : USUAL.density,
    pane: pane !== false,
    width: typeof width === 'number' && width >= least && width <= most ? width : null,
    singleKeys: singleKeys !== false
  }
}
