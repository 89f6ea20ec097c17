/** Sends messages once the engine is loaded. This device records at once that a message is to be sent. */
import type { Held } from '#lib/compose/sending.ts'
import { statusOf } from '#lib/compose/draft.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import { beginSending } from '#lib/sync/sending-start.ts'
import type { Outgoing } from '#lib/sync/sending.ts'
import type { Composition } from './compose.ts'
import type { Begun } from './compose-start.ts'
import type { Loading } from './engine.ts'

export class LazySendings {
  readonly #loading: Loading
  readonly #session: Session
  readonly #drafts: Drafts

  constructor(loading: Loading, session: Session, drafts: Drafts) {
    this.#loading = loading
    this.#session = session
    this.#drafts = drafts
  }

  /** Resolves once this device has recorded that it is to be sent. */
  async send(id: string, options: { readonly at?: Date }): Promise<void> {
    const { engine } = this.#loading
    if (engine) {
      await engine.sendings.send(id, options)
      return
    }
    await beginSending(this.#session, this.#drafts, id, options)
    void this.#loading.loaded().then(({ sendings }) => sendings.resume())
  }

  async sendAgain(id: string): Promise<void> {
    await (await this.#loading.loaded()).sendings.sendAgain(id)
  }

  async keepDraft(id: string): Promise<void> {
    await (await this.#loading.loaded()).sendings.keepDraft(id)
  }

  /** Resolves to whether it is a draft again. Rejects with a Trouble if that fails for now. */
  async undo(id: string): Promise<boolean> {
    return (await this.#loading.loaded()).sendings.undo(id)
  }

  async adopt(begun: Begun, held: Held): Promise<string> {
    return (await this.#loading.loaded()).sendings.adopt(begun, held)
  }

  statusOf(id: string): Composition['status'] {
    return statusOf(this.#drafts.get(id)?.sending, this.troubleOf(id) !== null)
  }

  /** Why it waits. */
  troubleOf(id: string): Trouble | null {
    const { engine, trouble } = this.#loading
    return engine ? engine.sendings.troubleOf(id) : this.#drafts.get(id)?.sending ? trouble : null
  }

  get outgoing(): readonly Outgoing[] {
    return this.#loading.engine?.sendings.outgoing ?? []
  }

  /** Whether `outgoing` is known: until the engine is loaded, nobody knows when a waiting message leaves. */
  get isKnown(): boolean {
    return Boolean(this.#loading.engine) || !this.#drafts.all().some(({ sending }) => sending)
  }
}
