/** What the mail server has of a draft: looked for by Message-ID after a lost response, and before it is replaced. */
import { call, reference } from '#lib/jmap/client.ts'
import { asUnambiguous } from '#lib/jmap/errors.ts'
import type { Draft, StoredVersion } from '#lib/compose/draft.ts'
import type { Call, EmailAddress, Id } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'
import { foundIn } from './responses.ts'

/** Mails of a place among which one is looked for that was made a moment ago. */
const NEWEST = 20
/** so many changes are looked through */
const MOST_CHANGES = 200
const FOUND = ['id', 'keywords', 'messageId', 'subject', 'to', 'receivedAt']
/** Milliseconds by which a clock that was set for another zone differs from that of the mail server. */
const SKEW = 86_400_000

export interface FoundEmail {
  readonly id: Id
  readonly keywords: Record<string, boolean>
  readonly messageId: readonly string[] | null
  readonly subject: string | null
  readonly to: readonly EmailAddress[] | null
  readonly receivedAt: string
}

/** `none`: there was no version. `gone`: another device replaced or removed it. `sent`: it is no draft any more. */
export interface Standing {
  readonly is: 'none' | 'draft' | 'gone' | 'sent'
  /** of all emails */
  readonly state: string
}

/** Raises JmapFailure; nothing was changed. */
export async function standingOf({ client }: Account, emailId: Id | null): Promise<Standing> {
  const ids = emailId === null ? [] : [emailId]
  const get = call('Email/get', 'get', { ids, properties: ['id', 'keywords'] })
  const results = await client.run([get]).catch((failure: unknown) => {
    throw asUnambiguous(failure)
  })
  const { state, list } = foundIn<Pick<FoundEmail, 'id' | 'keywords'>>(results, 'get', ['keywords'])
  const found = list.find(({ id }) => id === emailId)
  return { state, is: emailId === null ? 'none' : !found ? 'gone' : found.keywords['$draft'] ? 'draft' : 'sent' }
}

/** Those of a Message-ID, newest first. `since`: a state of all emails before it was made. Raises JmapFailure. */
export async function emailsOf(account: Account, messageId: string, since?: string | null): Promise<FoundEmail[]> {
  const looks = [newest(account), ...(since == null ? [] : [madeSince(account, since)])]
  const found = new Map((await Promise.all(looks)).flat().map((email) => [email.id, email]))
  return [...found.values()].filter((email) => Array.isArray(email.messageId) && email.messageId.includes(messageId))
}

/** Why a stored version is gone: another device stored a version of its own, or sent it, or removed it. */
export async function whyGone(
  account: Account,
  draft: Draft,
  ours: readonly StoredVersion[]
): Promise<'changed' | 'sent' | null> {
  const since = Math.min(...ours.map(({ at }) => at)) - SKEW
  const own = new Set(ours.map(({ emailId }) => emailId))
  const others = (await newest(account)).filter(
    ({ id, receivedAt }) => !own.has(id) && !(Date.parse(receivedAt) <= since)
  )
  const isDraft = ({ keywords }: FoundEmail): boolean => Boolean(keywords['$draft'])
  if (others.some((email) => !isDraft(email) && isSameSubject(email, draft) && isSameTo(email, draft))) {
    return 'sent'
  }
  const like = others.filter((email) => isDraft(email) && (isSameSubject(email, draft) || isSameTo(email, draft)))
  return like.length > 0 ? 'changed' : null
}

function isSameSubject({ subject }: FoundEmail, draft: Draft): boolean {
  return (subject ?? '') === draft.subject
}

function isSameTo({ to }: FoundEmail, draft: Draft): boolean {
  const inOrder = (list: readonly string[]): string =>
    list
      .map((one) => one.toLowerCase())
      .toSorted()
      .join()
  return inOrder((to ?? []).map(({ email }) => email)) === inOrder(draft.to.map(({ address }) => address))
}

/** Lists are sorted some moments later (LateIndex): among many drafts the newest one may stand last. */
async function madeSince({ client }: Account, sinceState: string): Promise<readonly FoundEmail[]> {
  const calls = [
    call('Email/changes', 'changes', { sinceState, maxChanges: MOST_CHANGES }),
    call('Email/get', 'made', { '#ids': reference('changes', 'Email/changes', '/created'), properties: FOUND })
  ]
  const results = await client.run(calls).catch((failure: unknown) => {
    throw asUnambiguous(failure)
  })
  // The server may not know that state any more (RFC 8620 §5.2).
  return results.find('made') ? foundIn<FoundEmail>(results, 'made', ['keywords']).list : []
}

/** Anywhere, too: a rule or a person may have filed it elsewhere. A search for the header would be of no use: Stalwart
 * indexes headers later, and 0.15 finds no Message-ID at all. */
async function newest({ client, objects }: Account): Promise<FoundEmail[]> {
  const ids = ['drafts', 'sent'].flatMap(
    (role) => [...objects.mailboxes.values()].find((mailbox) => mailbox.role === role)?.id ?? []
  )
  const places = [...ids.map((id) => ({ inMailbox: id })), null]
  const results = await client
    .run(places.flatMap((filter, place) => newestIn(filter, String(place))))
    .catch((failure: unknown) => {
      throw asUnambiguous(failure)
    })
  return places.flatMap((_, place) => foundIn<FoundEmail>(results, `get${place}`, ['keywords']).list)
}

function newestIn(filter: { inMailbox: Id } | null, place: string): Call[] {
  return [
    call('Email/query', `query${place}`, {
      ...(filter && { filter }),
      sort: [{ property: 'receivedAt', isAscending: false }],
      limit: NEWEST
    }),
    call('Email/get', `get${place}`, {
      '#ids': reference(`query${place}`, 'Email/query', '/ids'),
      properties: FOUND
    })
  ]
}
