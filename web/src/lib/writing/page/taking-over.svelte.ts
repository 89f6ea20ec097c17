/** While this tab takes a message over from the one that writes it, what is typed is kept until it can be put in. */
import type { Composition } from '#lib/writing/state/compose.ts'
import { EarlyKeys } from '#lib/state/early-keys.ts'
import { keepsData, keepsKey, playBack } from '#lib/views/mail/early.ts'

export class TakingOver {
  readonly #composition: () => Composition
  /** null: nothing is being taken over */
  #early: EarlyKeys | null = null

  /** Within a component. `focus` brings the focus into the text. */
  constructor(composition: () => Composition, focus: () => Promise<void> | undefined) {
    this.#composition = composition
    $effect(() => {
      if (!composition().elsewhere && this.#early !== null) void focus()?.then(() => this.#end())
    })
  }

  /** `box`: the window, which gets the focus: the button that has it goes. `early`: what was done before. */
  begin(box: HTMLElement | undefined, early = new EarlyKeys()): void {
    box?.focus()
    early.begin(Infinity)
    this.#early = early
    this.#composition().takeOver()
  }

  /** True: the key was kept, and does nothing else. Escape closes the window. */
  keeps(event: KeyboardEvent): boolean {
    return event.key !== 'Escape' && this.#early !== null && keepsKey(event, this.#early)
  }

  carries(event: ClipboardEvent | DragEvent): void {
    if (this.#early) keepsData(event, this.#early)
  }

  #end(): void {
    const early = this.#early
    this.#early = null
    playBack(early?.takeAll() ?? [])
  }
}
