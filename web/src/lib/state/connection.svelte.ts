import type { Session } from '#lib/sync/session.ts'
import type { LiveConnection } from '#lib/sync/connection.ts'
import type { Connection, Live, Trouble } from './mail.ts'
import { Signal } from './signal.svelte.ts'

export class ConnectionState implements Connection {
  readonly #session: Session
  readonly #live: LiveConnection
  readonly #signal = new Signal()

  constructor(session: Session, live: LiveConnection) {
    this.#session = session
    this.#live = live
    session.on('connection', () => this.#signal.notify())
  }

  get live(): Live {
    const { state } = this.#now()
    // Rounds that fail although events arrive: what is shown is not current. Nobody connects after the session's end.
    return this.#session.trouble || this.#live.isOver ? 'offline' : state
  }

  get since(): Date | null {
    return this.#now().since
  }

  get trouble(): Trouble | null {
    const { trouble } = this.#now()
    return this.#session.trouble ?? trouble
  }

  /** unread conversations in the inbox */
  get unread(): number {
    this.#now()
    return this.#live.unread
  }

  tryNow(): void {
    this.#live.tryNow()
  }

  #now(): LiveConnection['status'] {
    this.#signal.track()
    return this.#live.status
  }
}
