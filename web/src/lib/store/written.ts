/** Which messages the person wrote, by where they lie. Anybody can claim to be the person in a From header. */
import type { Email } from '#lib/jmap/types.ts'
import type { Objects } from './objects.ts'

/** Roles of mailboxes (RFC 8621 §2) in which no message arrives. */
const WRITTEN = /^(sent|drafts|scheduled)$/

/** What a mail server holds lies in Sent there, though not here: so it is asked for as the server has it. */
export function isWritten(objects: Objects, email: Email): boolean {
  const { mailboxIds } = objects.baseOf(email.id) ?? email
  return Object.keys(mailboxIds).some((id) => WRITTEN.test(objects.mailboxes.get(id)?.role ?? ''))
}
