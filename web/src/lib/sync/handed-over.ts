/** What became of a mail that was handed over to the mail server, whose response did not come. */
import { call, reference } from '#lib/jmap/client.ts'
import { asAmbiguous, JmapFailure } from '#lib/jmap/errors.ts'
import type { Call, GetResponse, Id } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'
import { deliveryOf, type Submission } from './delivery.ts'

/** Mails of a place among which one is looked for that was sent a moment ago. */
const NEWEST = 20

export interface HandedOver {
  isSent: boolean
  /** it was made and not sent, or refused for all its recipients: it may lie among the sent ones all the same */
  draft: Id | null
  /** of all emails, before they were looked through */
  state: string
}

export interface Mailboxes {
  drafts: Id
  sent: Id
}

interface Found {
  id: Id
  keywords: Record<string, boolean>
  messageId: string[] | null
}

/** Raises JmapFailure, an ambiguous one: whatever keeps us from asking, the mail may have been sent. */
export function whatBecameOf(account: Account, messageId: string): Promise<HandedOver> {
  return lookFor(account, messageId).catch((failure: unknown) => {
    throw asAmbiguous(failure)
  })
}

async function lookFor(account: Account, messageId: string): Promise<HandedOver> {
  const { drafts, sent } = mailboxesOf(account)
  // Anywhere, too: a rule or a person may have filed it elsewhere. A search for the header would be of no use: Stalwart
  // indexes headers later, and 0.15 finds no Message-ID at all.
  const places = [{ inMailbox: drafts }, { inMailbox: sent }, null]
  const results = await account.client.run(places.flatMap((filter, place) => newest(filter, String(place))))
  const responses = places.map((_, place) => results.get<GetResponse<Found>>(`get${place}`))
  const found = responses.flatMap(({ list }) => list).find((email) => email.messageId?.includes(messageId))
  // The first of them: what happened while the others were answered is a change since.
  const state = responses[0]?.state ?? ''
  if (!found) {
    return { isSent: false, draft: null, state }
  }
  const deliveries = (await submissionsOf(account, found.id)).map(deliveryOf)
  // Submitted it is sent, also if the mail server could not file it afterwards.
  const isSent =
    deliveries.length > 0 ? deliveries.some(({ reachedNobody }) => !reachedNobody) : !found.keywords['$draft']
  return { isSent, draft: isSent ? null : found.id, state }
}

function newest(filter: { inMailbox: Id } | null, place: string): Call[] {
  return [
    call('Email/query', `query${place}`, {
      ...(filter && { filter }),
      sort: [{ property: 'receivedAt', isAscending: false }],
      limit: NEWEST
    }),
    call('Email/get', `get${place}`, {
      '#ids': reference(`query${place}`, 'Email/query', '/ids'),
      properties: ['id', 'keywords', 'messageId']
    })
  ]
}

async function submissionsOf(account: Account, emailId: Id): Promise<Submission[]> {
  const results = await account.client.run([
    call('EmailSubmission/query', 'query', { filter: { emailIds: [emailId] } }),
    call('EmailSubmission/get', 'get', {
      '#ids': reference('query', 'EmailSubmission/query', '/ids'),
      properties: ['deliveryStatus']
    })
  ])
  return results.get<GetResponse<Submission>>('get').list
}

export function mailboxesOf(account: Account): Mailboxes {
  const all = [...account.objects.mailboxes.values()]
  const drafts = all.find(({ role }) => role === 'drafts')?.id
  const sent = all.find(({ role }) => role === 'sent')?.id
  if (drafts === undefined) {
    throw new JmapFailure('no_drafts_mailbox')
  }
  // Without a mailbox for what was sent it stays among the drafts, no longer as one.
  return { drafts, sent: sent ?? drafts }
}
