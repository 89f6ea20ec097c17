/** A message that another tab writes is being taken over: what is typed until this one writes it waits for that. */
import type { Composition } from '#lib/state/compose.ts'
import { typeAhead, withKey } from '#lib/views/compose/type-ahead.ts'

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

  /** `box`: the window; the button that was pressed goes, and would take the focus with it. `typed`: before. */
  begin(box: HTMLElement | undefined, typed = ''): void {
    box?.focus()
    this.#typed = typed
    this.#composition().takeOver()
  }

  /** True: it waits, and does nothing else. */
  keeps(event: KeyboardEvent): boolean {
    const typed = this.#typed === null ? null : withKey(this.#typed, event)
    this.#typed = typed ?? this.#typed
    return typed !== null
  }

  /** Once. */
  #end(): string {
    const typed = this.#typed ?? ''
    this.#typed = null
    return typed
  }
}
