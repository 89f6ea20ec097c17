/** Whom a submission reached. A mail server makes one that reached nobody all the same (RFC 8621 §7). */
import type { Id } from '#lib/jmap/types.ts'

/** RFC 8621 §7, as far as it is asked for. Any property may be missing. */
export interface Submission {
  readonly id: Id
  readonly emailId?: Id
  readonly threadId?: Id
  readonly undoStatus?: string
  readonly sendAt?: string
  readonly deliveryStatus?: Readonly<
    Record<string, { readonly delivered?: string; readonly smtpReply?: unknown } | null>
  > | null
  readonly envelope?: { readonly rcptTo?: readonly { readonly email: string }[] } | null
}

export type RefusalReason = 'unknown_mailbox' | 'full' | 'too_large' | 'policy' | 'other'

/** A recipient who does not get it. */
export interface RefusedRecipient {
  readonly address: string
  readonly reason: RefusalReason
  /** `5.1.1` (RFC 3463), or the code of the reply; empty if it has none */
  readonly code: string
  /** in the words of the mail server */
  readonly said: string
}

export interface Delivery {
  readonly recipients: number
  readonly refused: readonly RefusedRecipient[]
}

/** If the status is unknown, it counts as if all got it. */
export function deliveryOf({ deliveryStatus }: Pick<Submission, 'deliveryStatus'>): Delivery {
  const recipients = Object.entries(deliveryStatus ?? {})
  const refused = recipients.filter(([, status]) => status?.delivered === 'no')
  return {
    recipients: recipients.length,
    refused: refused.map(([address, status]) => ({ address, ...refusalIn(status?.smtpReply) }))
  }
}

export function reachedNobody(submission: Pick<Submission, 'deliveryStatus'>): boolean {
  const { recipients, refused } = deliveryOf(submission)
  return recipients > 0 && refused.length === recipients
}

/** It was submitted, and nobody canceled it. */
export function isSent(submission: Submission): boolean {
  return submission.undoStatus !== 'canceled' && !reachedNobody(submission)
}

/** RFC 3463 §3; the digit before tells only whether it is for good. */
const REASONS: readonly (readonly [RegExp, RefusalReason])[] = [
  [/^\d\.1\.[0-6]$|^\d\.2\.1$/u, 'unknown_mailbox'],
  [/^\d\.2\.2$|^\d\.3\.1$/u, 'full'],
  [/^\d\.3\.4$|^\d\.2\.3$/u, 'too_large'],
  [/^\d\.7\.\d+$/u, 'policy']
]

/** What an SMTP server replied: "550 5.1.2 Mailbox does not exist.", or as Stalwart tells what another one said: "Code: 550,
 * Enhanced code: 5.1.1, Message: …". */
function refusalIn(told: unknown): Omit<RefusedRecipient, 'address'> {
  const reply = typeof told === 'string' ? told : ''
  const enhanced = /(?:^\d{3}[ -]|Enhanced code: )([245]\.\d{1,3}\.\d{1,3})\b/u.exec(reply)?.[1]
  const basic = /^(?:Code: )?(\d{3})\b/u.exec(reply)?.[1] ?? ''
  const code = enhanced !== undefined && !enhanced.endsWith('.0.0') ? enhanced : basic
  const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? ofBasic(code)
  const said = reply.replace(/^Code: .*?, Message: /su, '').replace(/^\d{3}[ -](?:[245]\.\d{1,3}\.\d{1,3} )?/u, '')
  return { reason, code, said: said.trim() }
}

/** RFC 5321 §4.2.3 */
function ofBasic(code: string): RefusalReason {
  return code === '552' ? 'full' : 'other'
}
