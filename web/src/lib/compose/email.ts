/** A draft → the Email that is created of it (RFC 8621 §4.6). */
import type { Draft } from '#lib/compose/draft.ts'
import type { Arguments, EmailAddress, Id } from '#lib/jmap/types.ts'

export interface Envelope {
  readonly from: EmailAddress
  readonly messageId: string
  readonly mailboxIds: readonly Id[]
  readonly keywords: readonly string[]
}

export function emailOf(draft: Draft, { from, messageId, mailboxIds, keywords }: Envelope): Arguments {
  const addresses = (people: Draft['to']): EmailAddress[] =>
    people.map(({ name, address }) => ({ name: name || null, email: address }))
  return {
    mailboxIds: Object.fromEntries(mailboxIds.map((id) => [id, true])),
    keywords: Object.fromEntries(keywords.map((keyword) => [keyword, true])),
    from: [from],
    to: addresses(draft.to),
    cc: addresses(draft.cc),
    bcc: addresses(draft.bcc),
    subject: draft.subject,
    messageId: [messageId],
    bodyValues: { text: { value: draft.text } },
    bodyStructure: { partId: 'text', type: 'text/plain' }
  }
}
