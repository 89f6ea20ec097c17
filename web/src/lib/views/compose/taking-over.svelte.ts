/** A message that another tab writes is being taken over: what is typed until this one writes it waits for that. */
import type { Composition } from '#lib/state/compose.ts'
import { typeAhead } from '#lib/views/compose/type-ahead.ts'

export class TakingOver {
  readonly #composition: () => Composition
  /** null: nothing is being taken over */
  #typed: string | null = null

  /** Within a component. `focus` brings the focus into the text. */
  constructor(composition: () => Composition, focus: () => Promise<void> | undefined) {
    this.#composition = composition
    $effect(() => {
      if (!composition().elsewhere && this.#typed !== null) void focus()?.then(() => typeAhead(this.#end()))
    })
  }

  /** `box`: the window; the button that was pressed goes, and would take the focus with it. */
  begin(box: HTMLElement | undefined): void {
    box?.focus()
    this.#typed = ''
    this.#composition().takeOver()
  }

  /** True: it waits, and does nothing else. */
  keeps(event: KeyboardEvent): boolean {
    const { key, ctrlKey, metaKey } = event
    // AltGr, which types characters, is Ctrl and Alt on Windows.
    if (this.#typed === null || metaKey || (ctrlKey && !event.getModifierState('AltGraph'))) return false
    if (key === 'Backspace') this.#typed = this.#typed.slice(0, -1)
    else if (key === 'Enter') this.#typed += '\n'
    // One character, of one or two UTF-16 units: not the name of a key, such as "Home".
    else if (/^.$/u.test(key)) this.#typed += key
    else return false
    return true
  }

  /** Once. */
  #end(): string {
    const typed = this.#typed ?? ''
    this.#typed = null
    return typed
  }
}
