/** Milliseconds; what does not come must not keep the keys for ever. */
const LONGEST = 10_000

/** Milliseconds without a key, after which nobody types on for what did not come. */
const REST = 1_000

/**
 * Keys that are pressed while what was asked for still loads: a window of writing, a dialog, a page. They are meant for it, and
 * must not run commands, as E archives.
 */
export class EarlyKeys {
  /** null: what it was meant for does not come */
  #typed: string | null = null
  #until = 0
  #controller = new AbortController()

  /** Something was asked for. Until it is there, Escape gives it up. */
  begin(): AbortSignal {
    const now = Date.now()
    if (this.#typed === null || now > this.#until) this.#typed = ''
    this.#until = now + LONGEST
    this.#controller = new AbortController()
    return this.#controller.signal
  }

  /** It does not come. Whoever types on has not seen that. */
  fail(): void {
    if (Date.now() > this.#until) return
    this.#typed = null
    this.#until = Date.now() + REST
  }

  /** True: it was kept, and does nothing else. */
  keeps(key: string): boolean {
    const now = Date.now()
    if (now > this.#until) return false
    this.#until = Math.max(this.#until, now + REST)
    if (key === 'Escape') this.#giveUp()
    else if (this.#typed !== null) this.#typed = typedOn(this.#typed, key) ?? this.#typed
    return true
  }

  /** What was typed meanwhile, once: what it is meant for has the focus now. */
  take(): string {
    const typed = this.#typed ?? ''
    this.#typed = null
    this.#until = 0
    return typed
  }

  #giveUp(): void {
    this.take()
    this.#controller.abort()
  }
}

/** `typed`, and what a key adds to it; null: the key adds nothing. */
export function typedOn(typed: string, key: string): string | null {
  if (key === 'Backspace') return typed.slice(0, -1)
  if (key === 'Enter') return `${typed}\n`
  // One character, of one or two UTF-16 units: not the name of a key, such as "Home".
  return /^.$/u.test(key) ? typed + key : null
}
