/** The headers of a reply (RFC 5322 §3.6.4). */
import { domainOf } from '#lib/mail/address.ts'
import { asciiDomain } from './address.ts'

/** References that are kept: the first, which names the conversation, and the last ones. */
const MOST_REFERENCES = 20

export interface ParentIds {
  readonly messageId: readonly string[]
  readonly references: readonly string[]
}

export function replyHeaders(parent: ParentIds): { inReplyTo: string[] | null; references: string[] | null } {
  const own = [...parent.messageId]
  if (own.length === 0) {
    return { inReplyTo: null, references: null }
  }
  const [first, ...rest] = [...new Set([...parent.references, ...own])]
  return { inReplyTo: own, references: [first ?? '', ...rest.slice(1 - MOST_REFERENCES)] }
}

/** A Message-ID that nobody else makes, at the sender's domain. RFC 5322 §3.6.4 */
export function messageIdFor(address: string, unique: string): string {
  return `${unique}@${asciiDomain(domainOf(address)) ?? 'localhost'}`
}
