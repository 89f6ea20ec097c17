/** Whom the person knows, learnt from their mail once a day by one of their devices, and kept in their settings. */
import { call, reference } from '#lib/jmap/client.ts'
import type { Email, GetResponse } from '#lib/jmap/types.ts'
import { authenticationOfAll } from '#lib/mail/authentication.ts'
import { keptSenders, knownSenders, learnt, merged, type KnownSender, type Seen } from '#lib/mail/senders.ts'
import type { Session } from './session.ts'
import { objectOf, type Settings, type SettingsDocument } from '#lib/sync/settings.ts'

/** Messages that are looked at: sent ones, and received ones. */
const MOST_SENT = 200
const MOST_RECEIVED = 400
const DAY = 86_400_000
const PROPERTIES = ['id', 'from', 'to', 'cc', 'receivedAt']
const RESULTS = 'header:Authentication-Results:all'
/** Mail in these makes nobody known. */
const NOT_FROM = new Set(['junk', 'trash', 'sent', 'drafts'])

export function historyIn(settings: Settings): readonly KnownSender[] {
  return knownSenders(objectOf(settings['senders'])['known'])
}

function learntOn(settings: Settings): unknown {
  return objectOf(settings['senders'])['day']
}

/** `isSuspicious`: who looks like one of those that are known already. Raises JmapFailure. */
export async function learnSenders(
  session: Session,
  document: SettingsDocument,
  isSuspicious: (address: string, name: string, known: readonly KnownSender[]) => boolean
): Promise<readonly KnownSender[]> {
  const before = await document.read()
  const day = Math.floor(session.ports.now() / DAY)
  const known = historyIn(before)
  if (learntOn(before) === day) return known
  const met = learnt(await seenOf(session), (address, name) => isSuspicious(address, name, known))
  const changed = await document.change((settings) => ({
    ...settings,
    senders: { ...objectOf(settings['senders']), day, known: keptSenders(merged(historyIn(settings), met)) }
  }))
  return historyIn(changed)
}

async function seenOf(session: Session): Promise<readonly Seen[]> {
  await session.connected()
  const mailboxes = [...session.objects.mailboxes.values()]
  const sent = mailboxes.find(({ role }) => role === 'sent')?.id
  const left = mailboxes.filter(({ role }) => NOT_FROM.has(role ?? '')).map(({ id }) => id)
  const [written, received] = await Promise.all([
    sent === undefined ? [] : emails(session, { inMailbox: sent }, MOST_SENT, PROPERTIES),
    emails(session, { inMailboxOtherThan: left }, MOST_RECEIVED, [...PROPERTIES, RESULTS])
  ])
  const { authservId } = session
  return [
    ...written.map((email) => seen(email, true, null)),
    ...received.map((email) => seen(email, false, authservId))
  ]
}

type Found = Email & { readonly cc?: Email['to']; readonly [RESULTS]?: readonly string[] }

function seen(
  { from, to, cc, receivedAt, [RESULTS]: results = [] }: Found,
  wrote: boolean,
  authservId: string | null
): Seen {
  const senders = (from ?? []).map(({ email }) => email)
  const people = wrote ? [...(to ?? []), ...(cc ?? [])] : (from ?? []).slice(0, 1)
  return {
    people: people.map(({ name, email }) => ({ name: name ?? '', address: email })),
    wrote,
    confirmed: authenticationOfAll(results, authservId, senders) === 'passed',
    day: Math.floor(Date.parse(receivedAt) / DAY)
  }
}

async function emails(
  { client }: Session,
  filter: object,
  limit: number,
  properties: readonly string[]
): Promise<readonly Email[]> {
  const atMost = Math.min(limit, client.limits.maxObjectsInGet)
  const results = await client.run([
    call('Email/query', 'query', { filter, sort: [{ property: 'receivedAt', isAscending: false }], limit: atMost }),
    call('Email/get', 'get', { '#ids': reference('query', 'Email/query', '/ids'), properties })
  ])
  return results.get<GetResponse<Email>>('get').list
}
