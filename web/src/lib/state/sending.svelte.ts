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

  async #send(reply: Reply): Promise<void> {
    try {
      const { send } = await import('#lib/sync/sending.ts')
      await send(this.#account, { ...reply, to: addresses(reply.to), cc: addresses(reply.cc) }, crypto.randomUUID())
    } catch (failure) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
      throw troubleOf(failure)
    } finally {
      this.changed()
    }
    this.#marks.answered(reply.answered.id)
  }
}

function addresses(people: readonly Person[]): { name: string | null; email: string }[] {
  return people.map(({ name, address }) => ({ name: name || null, email: address }))
}
