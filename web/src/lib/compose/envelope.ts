/** Whom a message is handed over for: the envelope of its submission (RFC 8621 §7). */
import type { Draft } from '#lib/compose/draft.ts'

export interface Envelope {
  readonly mailFrom: { readonly email: string; readonly parameters: Readonly<Record<string, string>> | null }
  readonly rcptTo: readonly { readonly email: string; readonly parameters: null }[]
}

/**
 * Also of those in Bcc: the header stays in the copy of its writer, and the mail server takes it out of what the others get
 * (Stalwart 0.16, crates/jmap/src/submission/set.rs, "Remove BCC header if present").
 *
 * `hold`: seconds, as a text: Stalwart refuses a number.
 */
export function envelopeOf({ to, cc, bcc }: Draft, from: string, hold: number): Envelope {
  // RFC 5321 §2.3.11: domains are equal in any case; a local part is for its server to compare, and none tells people apart by it.
  const recipients = new Map(
    [...to, ...cc, ...bcc].map(({ address }) => inAscii(address.trim())).map((email) => [email.toLowerCase(), email])
  )
  return {
    mailFrom: { email: from, parameters: hold > 0 ? { HOLDFOR: String(hold) } : null },
    rcptTo: [...recipients.values()].map((email) => ({ email, parameters: null }))
  }
}

/** With its domain as the DNS knows it (RFC 5891): not every server translates it. */
function inAscii(address: string): string {
  const at = address.lastIndexOf('@') + 1
  const domain = address.slice(at)
  // eslint-disable-next-line no-control-regex
  if (at === 0 || /^[\x00-\x7f]*$/u.test(domain)) {
    return address
  }
  try {
    return address.slice(0, at) + new URL(`http://${domain}`).hostname
  } catch {
    return address
  }
}
