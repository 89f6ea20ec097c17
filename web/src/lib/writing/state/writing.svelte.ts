/** What opens a window of writing. Small: the rest loads on use. */
import type { Early, EarlyKeys } from '#lib/state/early-keys.ts'
import type { Compose, Composition, Start } from '#lib/writing/state/compose.ts'
import type { Mail, Trouble } from '#lib/state/mail.ts'
import type { Notices } from '#lib/state/notices.svelte.ts'
import type { Sent } from '#lib/writing/state/sent.ts'
import { troubleWord } from '#lib/state/trouble.ts'

/** how many messages leave later, as this device knew it last */
export const SCHEDULED = 'scheduled'

export class Writing {
  readonly #mail: Mail
  readonly #notices: Notices
  readonly #early: EarlyKeys
  /** null until it is loaded */
  compose = $state.raw<Compose | null>(null)
  /** null until it is loaded */
  sent = $state.raw<Sent | null>(null)
  /** what is being opened */
  #starting: Start | null = null
  /** its window comes to the front, and takes the focus if the person asked for it; another object each time */
  wanted = $state.raw<{ readonly composition: Composition; readonly isAsked: boolean } | null>(null)
  /** as they are drawn: how many cover the page, and what closes the one in front; null until the first is loaded */
  windows = $state.raw<{ readonly covering: number | null; readonly close: () => void }>({
    covering: null,
    close: () => undefined
  })

  constructor(mail: Mail, notices: Notices, early: EarlyKeys) {
    this.#mail = mail
    this.#notices = notices
    this.#early = early
  }

  /**
   * How many windows cover the page, as on a phone, where the one in front hides the others. null while that is not known: what
   * was open before a reload is open again a moment later.
   */
  get covering(): number | null {
    return this.windows.covering ?? (this.compose?.isResumed && this.compose.open.length === 0 ? 0 : null)
  }

  async load(): Promise<Compose> {
    this.compose ??= await this.#mail.compose()
    return this.compose
  }

  async loadSent(): Promise<void> {
    this.sent ??= await this.#mail.sent()
  }

  /** Whatever keeps a window from opening is told. Escape gives it up until it has the focus. `before`: what was typed for it
   * when it was tried before */
  async start(start: Start, before: readonly Early[] = []): Promise<void> {
    if (isSame(start, this.#starting)) return
    this.#starting = start
    const signal = this.#early.begin(undefined, before)
    signal.addEventListener('abort', () => this.#started(start))
    try {
      const compose = await this.load()
      const { open } = compose
      const composition = await compose.start(start)
      // What was open before stays.
      const close = (): void => (open.includes(composition) ? undefined : composition.close())
      signal.addEventListener('abort', close)
      if (signal.aborted) close()
      else this.show(composition)
    } catch (failure) {
      if (signal.aborted) return
      const typed = this.#early.fail()
      // Without a code, the parts of the page could not be loaded.
      const { code = navigator.onLine ? null : 'unavailable' } = failure as Partial<Trouble>
      this.#notices.failed(
        (_, { trouble, reader }) => (code === null ? reader.partMissing : trouble[troubleWord(code, navigator.onLine)]),
        () => void this.start(start, typed)
      )
    } finally {
      this.#started(start)
    }
  }

  #started(start: Start): void {
    if (this.#starting === start) this.#starting = null
  }

  show(composition: Composition): void {
    this.wanted = { composition, isAsked: true }
  }

  /** Nobody asked for it: its window takes no key from what the person does. */
  reveal(composition: Composition): void {
    this.wanted = { composition, isAsked: false }
  }
}

/** A button was pressed twice. */
function isSame(start: Start, other: Start | null): boolean {
  const before = new Map(Object.entries(other ?? {}))
  const now = Object.entries(start)
  return before.size === now.length && now.every(([key, value]) => before.get(key) === value)
}
