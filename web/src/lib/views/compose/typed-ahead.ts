import { typedOn } from '#lib/state/early-keys.ts'

/** What is typed before there is anything that takes it. */
export class TypedAhead {
  #typed: string

  constructor(typed = '') {
    this.#typed = typed
  }

  /** True: the key was typed, and does nothing else. */
  keeps(event: KeyboardEvent): boolean {
    const typed = withKey(this.#typed, event)
    if (typed === null) return false
    event.preventDefault()
    this.#typed = typed
    return true
  }

  /** What is pasted among it, without its formats. */
  pastes(event: ClipboardEvent): void {
    event.preventDefault()
    this.#typed += event.clipboardData?.getData('text/plain') ?? ''
  }

  /** What was typed. A second call gets nothing. */
  take(): string {
    const typed = this.#typed
    this.#typed = ''
    return typed
  }
}

function withKey(typed: string, event: KeyboardEvent): string | null {
  const { key, ctrlKey, metaKey } = event
  // AltGr, which types characters, is Ctrl and Alt on Windows.
  return metaKey || (ctrlKey && !event.getModifierState('AltGraph')) ? null : typedOn(typed, key)
}
