import { noResponse } from '#lib/jmap/errors.ts'
import { troubleOf } from '#lib/sync/task.ts'
import type { Account } from '#lib/sync/account.ts'
import type { Marks } from '#lib/sync/marks.ts'
import type { Person, Reply, Sending } from './mail.ts'
import { Version } from './version.svelte.ts'

export class SendingState implements Sending {
  readonly #account: Account
  readonly #marks: Marks
  readonly #version = new Version()

  constructor(account: Account, marks: Marks) {
    this.#account = account
    this.#marks = marks
  }

  prepare(): void {
    this.#sender().catch(() => undefined)
  }

  send(reply: Reply): Promise<void> {
    return this.#account.kept.drafts.once(reply.answered.id, () => this.#send(reply))
  }

  draftOf(messageId: string): string {
    this.#version.seen()
    return this.#account.kept.drafts.get(messageId).text
  }

  keep(messageId: string, text: string): void {
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
    try {
      const { send } = await this.#sender()
      await send(this.#account, { ...reply, to: addresses(reply.to), cc: addresses(reply.cc) }, unique())
    } catch (failure) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
      throw troubleOf(failure)
    } finally {
      this.changed()
    }
    this.#marks.answered(reply.answered.id)
  }
}

/** Not by `randomUUID`, which a page without TLS does not have. */
function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (octet) => octet.toString(16).padStart(2, '0')).join('')
}

function addresses(people: readonly Person[]): { name: string | null; email: string }[] {
  return people.map(({ name, address }) => ({ name: name || null, email: address }))
}
