/** What opens a window of writing. Small: the rest loads on use. */
import type { Compose, Composition, Start } from '#lib/state/compose.ts'
import type { Mail, Trouble } from '#lib/state/mail.ts'
import type { Notices } from '#lib/state/notices.svelte.ts'
import type { Sent } from '#lib/state/sent.ts'
import { troubleWord } from '#lib/state/trouble.ts'

/** how many messages leave later, as this device knew it last */
export const SCHEDULED = 'scheduled'

/** ms; a window that does not come must not keep the keys for ever */
const LONGEST = 10_000

/** ms without a key, after which nobody types into a window that could not be opened any more */
const REST = 1_000

export class Writing {
  readonly #mail: Mail
  readonly #notices: Notices
  /** null until it is loaded */
  compose = $state.raw<Compose | null>(null)
  /** null until it is loaded */
  sent = $state.raw<Sent | null>(null)
  /** what was typed since a window was asked for */
  #typed = ''
  #typedUntil = 0
  /** what is being opened */
  #starting: Start | null = null
  /** its window comes to the front and takes the focus; another object each time */
  wanted = $state.raw<{ readonly composition: Composition } | null>(null)
  /** how many cover the page, as on a phone, where the one in front hides the others; null until the first is loaded */
  windows = $state.raw<{ readonly covering: number | null; readonly close: () => void }>({
    covering: null,
    close: () => undefined
  })

  constructor(mail: Mail, notices: Notices) {
    this.#mail = mail
    this.#notices = notices
  }

  async load(): Promise<Compose> {
    this.compose ??= await this.#mail.compose()
    return this.compose
  }

  async loadSent(): Promise<void> {
    this.sent ??= await this.#mail.sent()
  }

  /** Whatever keeps a window from opening is told. */
  async start(start: Start): Promise<void> {
    if (isSame(start, this.#starting)) return
    this.#starting = start
    this.#typedUntil = Date.now() + LONGEST
    try {
      const compose = await this.load()
      this.show(await compose.start(start))
    } catch (failure) {
      this.#typed = ''
      this.#typedUntil = Date.now() + REST
      // Without a code, the parts of the page could not be loaded.
      const { code = 'unavailable' } = failure as Partial<Trouble>
      this.#notices.failed(
        (_, { trouble }) => trouble[troubleWord(code, navigator.onLine)],
        () => void this.start(start)
      )
    } finally {
      if (this.#starting === start) this.#starting = null
    }
  }

  /** A person who types on while the window loads means the text: E must not archive. True if the key was kept. */
  keeps(key: string): boolean {
    const now = Date.now()
    if (now > this.#typedUntil) return false
    this.#typedUntil = Math.max(this.#typedUntil, now + REST)
    if (key === 'Escape') this.typed()
    else if (key === 'Backspace') this.#typed = this.#typed.slice(0, -1)
    else if (key === 'Enter') this.#typed += '\n'
    // One character, of one or two UTF-16 units: not the name of a key, such as "Home".
    else if (/^.$/u.test(key)) this.#typed += key
    return true
  }

  /** What was typed meanwhile, once: the window has the focus now. */
  typed(): string {
    const typed = this.#typed
    this.#typed = ''
    this.#typedUntil = 0
    return typed
  }

  show(composition: Composition): void {
    this.wanted = { composition }
  }
}

/** A button was pressed twice. */
function isSame(start: Start, other: Start | null): boolean {
  const before = new Map(Object.entries(other ?? {}))
  const now = Object.entries(start)
  return before.size === now.length && now.every(([key, value]) => before.get(key) === value)
}
