/** The headers of an answer (RFC 5322 §3.6.4). */

/** References that are kept: the first, which names the conversation, and the last ones. */
const MOST_REFERENCES = 20

export interface Answered {
  readonly messageId: readonly string[]
  readonly references: readonly string[]
}

export function replyHeaders(answered: Answered): { inReplyTo: string[] | null; references: string[] | null } {
  const own = [...answered.messageId]
  if (own.length === 0) {
    return { inReplyTo: null, references: null }
  }
  const [first, ...rest] = [...new Set([...answered.references, ...own])]
  return { inReplyTo: own, references: [first ?? '', ...rest.slice(1 - MOST_REFERENCES)] }
}

/** A Message-ID that nobody else makes, at the sender's domain. RFC 5322 §3.6.4 */
export function messageIdFor(address: string, unique: string): string {
  return `${unique}@${address.slice(address.lastIndexOf('@') + 1)}`
}
