/** One message of a conversation, as the views read it. */
import type { Attachment } from '#lib/mail/attachment.ts'
import type { Authentication } from '#lib/mail/authentication.ts'
import type { Person } from '#lib/mail/people.ts'
import type { Trouble } from '#lib/mail/trouble.ts'

export interface Body {
  readonly html: string | null
  readonly text: string
  /** Content-ID (without angle brackets) → the picture that the HTML refers to */
  readonly inline: ReadonlyMap<string, Attachment>
  /** the HTML is larger than what is shown unasked */
  readonly truncated: boolean
}

export interface Message {
  readonly id: string
  readonly from: readonly Person[]
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly replyTo: readonly Person[]
  readonly sentAt: Date | null
  readonly receivedAt: Date
  readonly subject: string
  readonly preview: string
  readonly messageId: readonly string[]
  readonly references: readonly string[]
  readonly unread: boolean
  readonly starred: boolean
  readonly draft: boolean
  /** the person wrote it, as far as it is known: a From header alone says nothing */
  readonly own: boolean
  /** the person's address, of which the From header alone says that it wrote this; null if it does not */
  readonly claimsOwn: string | null
  /** it was reported as phishing (RFC 8621 §4.1.1, $phishing) */
  readonly reported: boolean
  readonly authentication: Authentication
  /** its Authentication-Results, from top to bottom, and the name by which our server signs them */
  readonly results: readonly string[]
  readonly authservId: string | null
  /** List-Id as it was sent; empty if it came by no list */
  readonly list: string
  /** List-Unsubscribe and List-Unsubscribe-Post as they were sent; empty if they were not */
  readonly unsubscribe: string
  readonly unsubscribePost: string
  /** of the whole message as it was sent; null until its body is loaded */
  readonly blobId: string | null
  /** octets of the whole message */
  readonly size: number
  /** known before the body is loaded */
  readonly hasAttachment: boolean
  readonly attachments: readonly Attachment[]
  /** null until it is loaded */
  readonly body: Body | null
  readonly trouble: Trouble | null
}
