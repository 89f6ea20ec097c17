/** A message that another tab writes is being taken over: what is typed until this one writes it waits for that. */
import type { Composition } from '#lib/state/compose.ts'
import { typeAhead } from '#lib/ui/type-ahead.ts'
import { TypedAhead } from '#lib/views/compose/typed-ahead.ts'

export class TakingOver {
  readonly #composition: () => Composition
  /** null: nothing is being taken over */
  #typed: TypedAhead | null = null

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
    this.#typed = new TypedAhead(typed)
    this.#composition().takeOver()
  }

  /** True: it waits, and does nothing else. */
  keeps(event: KeyboardEvent): boolean {
    return this.#typed?.keeps(event) ?? false
  }

  /** Once. */
  #end(): string {
    const typed = this.#typed?.take() ?? ''
    this.#typed = null
    return typed
  }
}
