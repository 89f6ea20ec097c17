/** What became of what the person sent, for the views. Everything of it is loaded on first use: `mail.sent()`. */
import type { Recipient } from '#lib/writing/domain/draft.ts'
import type { Delivery, RefusedRecipient } from '#lib/writing/domain/delivery.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Composition } from './compose.ts'

export type { Delivery, RefusedRecipient }

/** A message that the mail server holds until its time. */
export interface ScheduledMessage {
  readonly emailId: string
  readonly threadId: string
  readonly to: readonly Recipient[]
  readonly subject: string
  readonly sendAt: Date
  /** it is known already that these will not get it */
  readonly refused: readonly RefusedRecipient[]
  /** Resolves to its draft, which is open again, or to null: it is too late. Rejects with a `Trouble`. Load `Compose`
   * before, so that its window is shown. */
  undo(): Promise<Composition | null>
}

export interface Sent {
  /** by the time at which they leave; null until it is known */
  readonly scheduled: readonly ScheduledMessage[] | null
  /** ids of emails that lie in Sent, and have not left: neither Sent nor its count shows them */
  readonly hidden: ReadonlySet<string>
  /** why what is scheduled could not be read */
  readonly trouble: Trouble | null
  /** Ask for it now. It is asked for anew by itself when something changes, and when one leaves. */
  refresh(): void
  /** Ask whom these messages of the person reached. Asked for once; call it when a conversation is opened. */
  ask(emailIds: readonly string[]): void
  /** null until it is known, or if the mail server does not know any more: Stalwart knows it for three days */
  deliveryOf(emailId: string): Delivery | null
}
