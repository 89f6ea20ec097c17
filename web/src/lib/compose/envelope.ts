/** The envelope of a submission: from whom and to whom the message goes (RFC 8621 §7). */
import type { Draft } from '#lib/compose/draft.ts'
import { addressKey, sentAddress } from './address.ts'
import { everybody } from './addressees.ts'

export interface SubmissionEnvelope {
  readonly mailFrom: { readonly email: string; readonly parameters: Readonly<Record<string, string>> | null }
  readonly rcptTo: readonly { readonly email: string; readonly parameters: null }[]
}

/**
 * Each recipient once, also those in Bcc: the header stays in the copy of its writer, and the mail server takes it out of
 * what the others get (Stalwart 0.16, crates/jmap/src/submission/set.rs, "Remove BCC header if present").
 *
 * `hold`: seconds. It is written as a text: Stalwart refuses a number, and zero.
 */
export function submissionEnvelope(draft: Draft, from: string, hold: number): SubmissionEnvelope {
  const recipients = new Map(
    everybody(draft).map(({ address }) => [addressKey(address), sentAddress(address.trim())] as const)
  )
  return {
    mailFrom: { email: from, parameters: hold > 0 ? { HOLDFOR: String(hold) } : null },
    rcptTo: [...recipients.values()].map((email) => ({ email, parameters: null }))
  }
}
