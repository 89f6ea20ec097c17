/** A message that is replied to, forwarded or sent again: as the reader has it, with its body. */
import type { Attachment } from '#lib/mail/attachment.ts'
import type { Person } from '#lib/mail/people.ts'

export interface ParentMessage {
  readonly id: string
  readonly from: readonly Person[]
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly replyTo: readonly Person[]
  readonly sentAt: Date | null
  readonly receivedAt: Date
  readonly subject: string
  readonly messageId: readonly string[]
  readonly references: readonly string[]
  readonly own: boolean
  /** of the whole message; null until its body is loaded */
  readonly blobId: string | null
  readonly size: number
  readonly attachments: readonly Attachment[]
  /** HTML of what can be seen of its HTML; null if that is not known */
  readonly rendered: string | null
  readonly body: {
    readonly html: string | null
    readonly text: string
    /** Content-ID → picture */
    readonly inline: ReadonlyMap<string, Attachment>
  } | null
}
