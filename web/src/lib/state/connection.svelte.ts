import type { Account } from '#lib/sync/account.ts'
import type { LiveConnection } from '#lib/sync/connection.ts'
import type { Connection, Live, Trouble } from './mail.ts'
import { Version } from './version.svelte.ts'

export class ConnectionState implements Connection {
  readonly #account: Account
  readonly #live: LiveConnection
  readonly #version = new Version()

  constructor(account: Account, live: LiveConnection) {
    this.#account = account
    this.#live = live
  }

  get live(): Live {
    const { state } = this.#now()
    // Rounds that fail although events arrive: what is shown is not current. Nobody connects after the session's end.
    return this.#account.sync.trouble || this.#live.isOver ? 'offline' : state
  }

  get since(): Date | null {
    return this.#now().since
  }

  get trouble(): Trouble | null {
    const { trouble } = this.#now()
    return this.#account.sync.trouble ?? trouble
  }

  /** unread conversations in the inbox */
  get unread(): number {
    this.#now()
    return this.#live.unread
  }

  tryNow(): void {
    this.#live.tryNow()
  }

  /** What is behind the getters changed. */
  changed(): void {
    this.#version.next()
  }

  #now(): LiveConnection['status'] {
    this.#version.seen()
    return this.#live.status
  }
}
