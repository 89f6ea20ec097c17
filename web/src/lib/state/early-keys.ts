/** Milliseconds; what does not come must not keep the keys for ever. */
const LONGEST = 10_000

/** Milliseconds without a key, after which nobody types on for what did not come. */
const REST = 1_000

/** What is pasted or dropped. */
export interface Carried {
  readonly html: string
  readonly text: string
  readonly files: readonly File[]
}

/** What the person did, in order, for what was not there yet. */
export type Early =
  { readonly kind: 'typed'; readonly text: string } | { readonly kind: 'pasted' | 'dropped'; readonly data: Carried }

/**
 * What is typed, pasted or dropped while what was asked for still loads: a window of writing, a dialog, a page. It is meant for
 * that, and must not run commands, as E archives.
 */
export class EarlyKeys {
  /** null: what it was meant for does not come */
  #kept: Early[] | null = null
  #until = 0
  #controller = new AbortController()

  /**
   * Something was asked for. Until it is there, Escape gives it up. `longest`: milliseconds without a key until it is not awaited
   * any more. `before`: what was done for it when it failed
   */
  begin(longest = LONGEST, before: readonly Early[] = []): AbortSignal {
    const now = Date.now()
    if (this.#kept === null || now > this.#until) this.#kept = [...before]
    this.#until = now + longest
    this.#controller = new AbortController()
    return this.#controller.signal
  }

  /** It does not come. Whoever types on has not seen that. Returns what was kept for it. */
  fail(): readonly Early[] {
    const kept = this.#kept ?? []
    if (Date.now() <= this.#until) this.#until = Date.now() + REST
    this.#kept = null
    return kept
  }

  /** Something was asked for and is not there. */
  get isWaiting(): boolean {
    return Date.now() <= this.#until
  }

  /** True: it was kept, and does nothing else. */
  keeps(key: string): boolean {
    if (!this.#isOn()) return false
    if (key === 'Escape') this.#giveUp()
    else this.#type((before) => typedOn(before, key))
    return true
  }

  /** The same for what is pasted or dropped. */
  carries(kind: 'pasted' | 'dropped', data: Carried): boolean {
    if (!this.#isOn()) return false
    // Plain text is as if it were typed.
    if (data.html === '' && data.files.length === 0) this.#type((before) => before + data.text)
    else this.#kept?.push({ kind, data })
    return true
  }

  /** What was kept meanwhile, once: what it is meant for has the focus now. */
  takeAll(): readonly Early[] {
    const kept = this.#kept ?? []
    this.#kept = null
    this.#until = 0
    return kept
  }

  /** The text of that, for what takes no more. */
  take(): string {
    return this.takeAll()
      .map((one) => (one.kind === 'typed' ? one.text : one.data.text))
      .join('')
  }

  #isOn(): boolean {
    if (!this.isWaiting) return false
    this.#until = Math.max(this.#until, Date.now() + REST)
    return true
  }

  #type(more: (before: string) => string): void {
    const last = this.#kept?.at(-1)
    const isOn = last?.kind === 'typed'
    this.#kept?.splice(isOn ? -1 : this.#kept.length, Number(isOn), {
      kind: 'typed',
      text: more(isOn ? last.text : '')
    })
  }

  #giveUp(): void {
    this.takeAll()
    this.#controller.abort()
  }
}

/** `typed`, and what a key adds to it. */
function typedOn(typed: string, key: string): string {
  // Not half of a character that is two UTF-16 units, or of an emoji that is several code points.
  if (key === 'Backspace') return typed.slice(0, [...new Intl.Segmenter().segment(typed)].at(-1)?.index ?? 0)
  if (key === 'Enter') return `${typed}\n`
  // One character, of one or two UTF-16 units: not the name of a key, such as "Home".
  return /^.$/u.test(key) ? typed + key : typed
}
