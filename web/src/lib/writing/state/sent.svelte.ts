/** What became of what the person sent, for the views. Loaded on use. */
import type { Session } from '#lib/sync/session.ts'
import { Deliveries } from '#lib/writing/sync/deliveries.ts'
import { heldEmails } from '#lib/sync/held-emails.ts'
import { Scheduled, type HeldMessage } from '#lib/writing/sync/scheduled.ts'
import type { Compose, Composition } from './compose.ts'
import type { Delivery, ScheduledMessage, Sent } from './sent.ts'
import type { Trouble } from '#lib/state/mail.ts'
import { troubled } from '#lib/state/trouble-of.ts'
import { Signal } from '#lib/state/signal.svelte.ts'

export class SentState implements Sent {
  readonly #session: Session
  readonly #compose: () => Promise<Compose>
  readonly #scheduled: Scheduled
  readonly #deliveries: Deliveries
  readonly #signal = new Signal()

  constructor(session: Session, compose: () => Promise<Compose>) {
    this.#session = session
    this.#compose = compose
    this.#scheduled = new Scheduled(session)
    this.#deliveries = new Deliveries(session)
    this.#scheduled.onchange = this.#deliveries.onchange = () => this.#signal.notify()
  }

  get scheduled(): readonly ScheduledMessage[] | null {
    this.#signal.track()
    return (
      this.#scheduled.held?.map((held) => ({
        ...held,
        sendAt: new Date(held.sendAt),
        undo: () => this.#undo(held)
      })) ?? null
    )
  }

  get hidden(): ReadonlySet<string> {
    this.#signal.track()
    return heldEmails(this.#session)
  }

  get trouble(): Trouble | null {
    this.#signal.track()
    return this.#scheduled.trouble
  }

  refresh(): void {
    this.#scheduled.refresh()
  }

  ask(emailIds: readonly string[]): void {
    void this.#deliveries.ask(emailIds)
  }

  deliveryOf(emailId: string): Delivery | null {
    this.#signal.track()
    return this.#deliveries.of(emailId)
  }

  stop(): void {
    this.#scheduled.stop()
  }

  /** What this device keeps of it has the files and all; of others the email is read. */
  async #undo(held: HeldMessage): Promise<Composition | null> {
    try {
      const compose = await troubled(this.#compose())
      const own = compose.outgoing.find(({ emailId }) => emailId === held.emailId)
      return await (own ? own.undo() : compose.undoHeld(held))
    } finally {
      this.#scheduled.refresh()
    }
  }
}
