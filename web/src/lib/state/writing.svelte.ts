/** What opens a window of writing. Small: the rest loads on use. */
import type { Compose, Composition, Start } from '#lib/state/compose.ts'
import type { Mail, Trouble } from '#lib/state/mail.ts'
import type { Notices } from '#lib/state/notices.svelte.ts'
import type { Sent } from '#lib/state/sent.ts'
import { troubleWord } from '#lib/state/trouble.ts'

/** how many messages leave later, as this device knew it last */
export const SCHEDULED = 'scheduled'

export class Writing {
  readonly #mail: Mail
  readonly #notices: Notices
  /** null until it is loaded */
  compose = $state.raw<Compose | null>(null)
  /** null until it is loaded */
  sent = $state.raw<Sent | null>(null)
  /** its window comes to the front and takes the focus; another object each time */
  wanted = $state.raw<{ readonly composition: Composition } | null>(null)

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
    try {
      const compose = await this.load()
      this.show(await compose.start(start))
    } catch (failure) {
      // Without a code, the parts of the page could not be loaded.
      const { code = 'unavailable' } = failure as Partial<Trouble>
      this.#notices.failed(
        (_, { trouble }) => trouble[troubleWord(code, navigator.onLine)],
        () => void this.start(start)
      )
    }
  }

  show(composition: Composition): void {
    this.wanted = { composition }
  }
}
