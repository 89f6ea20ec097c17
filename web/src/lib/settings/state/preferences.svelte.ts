/** How the person wants the interface: what this device keeps of it is there for the first view. */
import { choicesOf, chosenOf, type Choices, type Chosen } from '#lib/settings/domain/preferences.ts'
import { DeviceStorage } from '#lib/state/device-storage.ts'

/** `src/app.html` reads the theme there, before anything is painted. */
export const KEPT = 'preferences'
const WIDTH = 'list-width'

export const LIST_WIDTHS = { least: 320, usual: 440, most: 640 } as const

export class Preferences {
  readonly device: DeviceStorage
  readonly #now: () => number
  #choices = $state.raw<Choices>({})
  readonly #chosen = $derived(chosenOf(this.#choices))
  #width = $state.raw<number | null>(null)
  /** The person chose something. */
  onchosen: () => void = () => undefined

  constructor(device = new DeviceStorage(), now = () => Date.now()) {
    this.#now = now
    this.device = device
    this.#choices = choicesOf(device.read(KEPT))
    const width = device.read(WIDTH)
    const { least, most } = LIST_WIDTHS
    this.#width = typeof width === 'number' && width >= least && width <= most ? width : null
  }

  get chosen(): Chosen {
    return this.#chosen
  }

  get choices(): Choices {
    return this.#choices
  }

  /** of the list beside the reading pane, in CSS pixels at 16 px root; null: as the window has room */
  get width(): number | null {
    return this.#width
  }

  set(change: Partial<Chosen>): void {
    const chosen = Object.entries(change).map(([name, value]) => [
      name,
      // Whatever the clocks say, a choice is later than the one that it replaces.
      [value, Math.max(this.#now(), (this.#choices[name]?.[1] ?? 0) + 1)]
    ])
    this.keep({ ...this.#choices, ...(Object.fromEntries(chosen) as Choices) })
    this.onchosen()
  }

  /** What holds now, on this device. */
  keep(choices: Choices): void {
    this.#choices = choices
    this.device.write(KEPT, choices)
  }

  /** Make the list wider or narrower; null: as the window has room. */
  widen(width: number | null): void {
    const { least, most } = LIST_WIDTHS
    this.#width = width && Math.round(Math.min(most, Math.max(least, width)))
    this.device.write(WIDTH, this.#width)
  }
}
