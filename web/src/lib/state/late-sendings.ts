/** Hands messages over, once what does it is loaded. That a message is to be sent is kept on this device at once. */
import type { Held } from '#lib/compose/sending.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Account } from '#lib/sync/account.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import { beginSending } from '#lib/sync/sending-start.ts'
import type { Outgoing } from '#lib/sync/sending.ts'
import type { Composition } from './compose.ts'
import type { Begun } from './compose-start.ts'
import type { Loading } from './engine.ts'

export class LateSendings {
  readonly #loading: Loading
  readonly #account: Account
  readonly #drafts: Drafts

  constructor(loading: Loading, account: Account, drafts: Drafts) {
    this.#loading = loading
    this.#account = account
    this.#drafts = drafts
  }

  /** Resolves once this device knows that it is to be sent. */
  async send(id: string, options: { readonly at?: Date }): Promise<void> {
    const { engine } = this.#loading
    if (engine) {
      await engine.sendings.send(id, options)
      return
    }
    await beginSending(this.#account, this.#drafts, id, options)
    void this.#loading.loaded().then(({ sendings }) => sendings.resume())
  }

  async sendAgain(id: string): Promise<void> {
    await (await this.#loading.loaded()).sendings.sendAgain(id)
  }

  async keepDraft(id: string): Promise<void> {
    await (await this.#loading.loaded()).sendings.keepDraft(id)
  }

  /** Resolves to whether it is a draft again; rejects with a Trouble if nobody can tell now. */
  async undo(id: string): Promise<boolean> {
    return (await this.#loading.loaded()).sendings.undo(id)
  }

  async adopt(begun: Begun, held: Held): Promise<string> {
    return (await this.#loading.loaded()).sendings.adopt(begun, held)
  }

  statusOf(id: string): Composition['status'] {
    const { engine, trouble } = this.#loading
    if (engine) {
      return engine.sendings.statusOf(id)
    }
    const sending = this.#drafts.get(id)?.sending
    if (!sending) {
      return 'writing'
    }
    return sending.step === 'unknown' && !sending.again ? 'unknown' : trouble ? 'waiting' : 'sending'
  }

  /** Why it waits. */
  troubleOf(id: string): Trouble | null {
    const { engine, trouble } = this.#loading
    return engine ? engine.sendings.troubleOf(id) : this.#drafts.get(id)?.sending ? trouble : null
  }

  get outgoing(): readonly Outgoing[] {
    return this.#loading.engine?.sendings.outgoing ?? []
  }

  /** Until what sends is loaded, nobody knows when what waits leaves. */
  get isKnown(): boolean {
    return Boolean(this.#loading.engine) || !this.#drafts.all().some(({ sending }) => sending)
  }
}
