/** What opens a window of writing. Small: the rest loads on use. */
import type { Compose, Start } from '#lib/state/compose.ts'
import type { Mail } from '#lib/state/mail.ts'

export class Writing {
  readonly #mail: Mail
  /** null until it is loaded */
  compose = $state.raw<Compose | null>(null)

  constructor(mail: Mail) {
    this.#mail = mail
  }

  async load(): Promise<Compose> {
    this.compose ??= await this.#mail.compose()
    return this.compose
  }

  async start(start: Start): Promise<void> {
    const compose = await this.load()
    await compose.start(start)
  }
}
