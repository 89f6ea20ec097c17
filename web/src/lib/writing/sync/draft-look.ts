/** Looks for the versions of a draft at the mail server: by Message-ID after a lost response, and before one is replaced. */
import { call, reference } from '#lib/jmap/client.ts'
import { asUnambiguous } from '#lib/jmap/errors.ts'
import type { Draft, StoredVersion } from '#lib/writing/domain/draft.ts'
import type { Call, EmailAddress, Id } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { foundIn } from './responses.ts'

/** The newest emails of a mailbox among which a version is looked for that was made a moment ago. */
const NEWEST = 20
/** changes that are looked through */
const MOST_CHANGES = 200
const FOUND = ['id', 'keywords', 'messageId', 'subject', 'to', 'receivedAt']
/** Milliseconds by which a clock that is set for another time zone differs from that of the mail server. */
const SKEW = 86_400_000

export interface FoundEmail {
  readonly id: Id
  readonly keywords: Record<string, boolean>
  readonly messageId: readonly string[] | null
  readonly subject: string | null
  readonly to: readonly EmailAddress[] | null
  readonly receivedAt: string
}

/** `none`: there was no version. `gone`: another device replaced or removed it. `sent`: it is not a draft any more. */
export interface VersionStatus {
  readonly is: 'none' | 'draft' | 'gone' | 'sent'
  /** of all emails */
  readonly state: string
}

/** Raises JmapFailure; nothing was changed. */
export async function versionStatus({ client }: Session, emailId: Id | null): Promise<VersionStatus> {
  const ids = emailId === null ? [] : [emailId]
  const get = call('Email/get', 'get', { ids, properties: ['id', 'keywords'] })
  const results = await client.run([get]).catch((failure: unknown) => {
    throw asUnambiguous(failure)
  })
  const { state, list } = foundIn<Pick<FoundEmail, 'id' | 'keywords'>>(results, 'get', ['keywords'])
  const found = list.find(({ id }) => id === emailId)
  return { state, is: emailId === null ? 'none' : !found ? 'gone' : found.keywords['$draft'] ? 'draft' : 'sent' }
}

/** The emails with this Message-ID, the newest first. `since`: a state before it was made. Raises JmapFailure. */
export async function emailsOf(session: Session, messageId: string, since?: string | null): Promise<FoundEmail[]> {
  const looks = [newest(session), ...(since == null ? [] : [madeSince(session, since)])]
  const found = new Map((await Promise.all(looks)).flat().map((email) => [email.id, email]))
  return [...found.values()].filter((email) => Array.isArray(email.messageId) && email.messageId.includes(messageId))
}

/** Why a stored version is gone: another device stored a version of its own, or sent it, or removed it. */
export async function whyGone(
  session: Session,
  draft: Draft,
  ours: readonly StoredVersion[]
): Promise<'changed' | 'sent' | null> {
  const since = Math.min(...ours.map(({ at }) => at)) - SKEW
  const own = new Set(ours.map(({ emailId }) => emailId))
  const others = (await newest(session)).filter(
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

/** The emails made since a state. Stalwart sorts lists some moments later (LateIndex), so that among many drafts the newest
 * one may be last in the list. */
async function madeSince({ client }: Session, sinceState: string): Promise<readonly FoundEmail[]> {
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

/** The newest emails of Drafts, of Sent, and of all mailboxes, since a rule or a person may have moved it. A search for the
 * header does not help: Stalwart indexes headers later, and 0.15 finds no Message-ID at all. */
async function newest({ client, objects }: Session): Promise<FoundEmail[]> {
  const ids = ['drafts', 'sent'].flatMap((role) => objects.roles.get(role) ?? [])
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
