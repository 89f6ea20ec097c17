import { noResponse } from '#lib/jmap/errors.ts'
import { troubleOf } from '#lib/sync/task.ts'
import type { Account } from '#lib/sync/account.ts'
import type { DraftState, Person, Reply, Sending, SendingStatus } from './mail.ts'
import { Version } from './version.svelte.ts'

const IDLE: SendingStatus = { sending: false, trouble: null }

export class SendingState implements Sending {
  readonly #account: Account
  readonly #answered: (messageId: string) => void
  readonly #version = new Version()
  readonly #statuses = new Map<string, SendingStatus>()

  /** `answered` is told of the message to which a reply was sent. */
  constructor(account: Account, answered: (messageId: string) => void) {
    this.#account = account
    this.#answered = answered
    account.kept.drafts.onwritten = (id, elsewhere) => {
      // Why it was not sent from here is no longer of interest.
      if (elsewhere && !this.#statuses.get(id)?.sending) this.#statuses.delete(id)
      this.changed()
    }
  }

  prepare(): void {
    this.#sender().catch(() => undefined)
  }

  send(reply: Reply): Promise<void> {
    return this.#account.kept.drafts.once(reply.parent.id, () => this.#send(reply))
  }

  statusOf(messageId: string): SendingStatus {
    this.#version.seen()
    return this.#statuses.get(messageId) ?? IDLE
  }

  draftState(messageId: string): DraftState {
    this.#version.seen()
    return this.#account.kept.drafts.stateOf(messageId)
  }

  draftOf(messageId: string): string {
    this.#version.seen()
    return this.#account.kept.drafts.get(messageId).text
  }

  keep(messageId: string, text: string): void {
    if (text === '') this.#statuses.delete(messageId)
    this.#account.kept.drafts.type(messageId, text)
    this.changed()
  }

  unsent(): readonly string[] {
    this.#version.seen()
    return this.#account.kept.drafts.ids()
  }

  /** What this device kept is known now. */
  changed(): void {
    this.#version.next()
  }

  #sender(): Promise<typeof import('#lib/sync/sending.ts')> {
    return import('#lib/sync/sending.ts').catch(() => {
      throw noResponse()
    })
  }

  async #send(reply: Reply): Promise<void> {
    const { id } = reply.parent
    this.#is(id, { sending: true, trouble: null })
    try {
      const { send } = await this.#sender()
      await send(
        this.#account,
        { ...reply, to: addresses(reply.to), cc: addresses(reply.cc) },
        this.#account.ports.unique()
      )
    } catch (failure) {
      const trouble = troubleOf(failure)
      // What kept it from being sent may concern the whole page, which does not know of it yet.
      void this.#account.hint()
      this.#is(id, { sending: false, trouble })
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
      throw trouble
    }
    this.#is(id, IDLE)
    this.#answered(id)
  }

  #is(messageId: string, status: SendingStatus): void {
    this.#statuses.set(messageId, status)
    this.changed()
  }
}

function addresses(people: readonly Person[]): { name: string | null; email: string }[] {
  return people.map(({ name, address }) => ({ name: name || null, email: address }))
}
