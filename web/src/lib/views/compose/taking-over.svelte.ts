/** While this tab takes a message over from the one that writes it, what is typed is kept until it can be put in. */
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

  /** `box`: the window, which gets the focus: the button that has it goes. `typed`: what was typed before. */
  begin(box: HTMLElement | undefined, typed = ''): void {
    box?.focus()
    this.#typed = new TypedAhead(typed)
    this.#composition().takeOver()
  }

  /** True: the key was kept, and does nothing else. */
  keeps(event: KeyboardEvent): boolean {
    return this.#typed?.keeps(event) ?? false
  }

  pastes(event: ClipboardEvent): void {
    this.#typed?.pastes(event)
  }

  /** What was typed. A second call gets nothing. */
  #end(): string {
    const typed = this.#typed?.take() ?? ''
    this.#typed = null
    return typed
  }
}
