import { typedOn } from '#lib/state/early-keys.ts'

/** Puts text in at the cursor, as if it were typed now: what listens hears it, and Ctrl+Z takes it back. */
export function typeAhead(text: string): void {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else types into fields and editors alike
  if (text !== '') document.execCommand('insertText', false, text)
}

/** Into a field of one line: what came behind Enter was meant for what it would have led to. */
export function typeLineAhead(text: string): void {
  typeAhead(text.split('\n', 1)[0] ?? '')
}

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

  /** Once. */
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
