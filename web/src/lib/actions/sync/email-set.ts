/** Hands entries of the outbox to the mail server: one Email/set for all of them, as far as its limits allow. */
import { call } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { Arguments, Call, GetResponse, Id, SetError, SetResponse } from '#lib/jmap/types.ts'
import { ofEmails, resolved, type Entry } from '#lib/actions/domain/entry.ts'
import { keywordsOnly, patchObject, patchStatus, wantedBy, type Wanted } from '#lib/actions/domain/request.ts'
import type { MutableProperties, Patch } from '#lib/store/objects.ts'
import type { Session } from '#lib/sync/session.ts'
import { MUTABLE } from '#lib/sync/calls.ts'
import { notKept, toLookAt } from './kept-keywords.ts'
import { makeMissing } from '#lib/sync/mailbox-roles.ts'
import { isNotNow } from '#lib/sync/retryable.ts'

export { dueOf } from '#lib/actions/domain/due.ts'

/** Milliseconds after which others may well have changed the emails of an entry. */
const STALE = 5_000

/** The emails to which it was not done. */
export interface Outcome {
  readonly refused: ReadonlyMap<Id, JmapFailure>
  /** somebody else moved them meanwhile */
  readonly conflicts: ReadonlySet<Id>
  /** ids of the entries that were tried one by one: the emails to which each was not done */
  readonly byEntry?: ReadonlyMap<string, ReadonlySet<Id>>
}

interface Tried extends Required<Outcome> {
  readonly tried: ReadonlySet<Id>
}

/** Whether the failure is an answer to just these entries: then no further try would help. */
function isRefusal(failure: unknown): failure is JmapFailure {
  return failure instanceof JmapFailure && !failure.transient && !isNotNow(failure)
}

/** What has no code is neither from the mail server nor from the service, but perhaps from the network of a hotel, which
 * refuses each request. Raises JmapFailure if it does. */
async function probe({ client }: Session): Promise<void> {
  try {
    await client.run(mutable([]))
  } catch (failure) {
    throw later(failure)
  }
}

function later(failure: unknown): unknown {
  return failure instanceof JmapFailure && !isNotNow(failure)
    ? new JmapFailure(failure.code, { reference: failure.reference, transient: true })
    : failure
}

/** Raises JmapFailure if the entries have to be sent again. */
export async function sendEntries(session: Session, entries: readonly Entry[]): Promise<Outcome> {
  try {
    return await sent(session, entries)
  } catch (failure) {
    if (!isRefusal(failure)) {
      throw failure
    }
    if (failure.code === 'stateMismatch') {
      // RFC 8620 §5.3: nothing was done, since something changed meanwhile. The next try looks first.
      throw later(failure)
    }
    if (failure.code === 'unknown') {
      await probe(session)
    }
    if (entries.length > 1) {
      return oneByOne(session, entries)
    }
    const ids = entries.flatMap(({ patches }) => patches.flatMap(({ emailIds }) => emailIds))
    return { refused: new Map(ids.map((id) => [id, failure])), conflicts: new Set() }
  }
}

/** One of them cannot be sent: the others are. */
async function oneByOne(session: Session, entries: readonly Entry[]): Promise<Tried> {
  const tried = new Set(entries.flatMap(({ patches }) => patches.flatMap(({ emailIds }) => emailIds)))
  const refused = new Map<Id, JmapFailure>()
  const conflicts = new Set<Id>()
  const byEntry = new Map<string, Set<Id>>()
  for (const entry of entries) {
    const outcome = await sendEntries(session, [entry])
    byEntry.set(entry.id, leftOf(outcome))
    outcome.refused.forEach((failure, id) => refused.set(id, failure))
    outcome.conflicts.forEach((id) => conflicts.add(id))
  }
  return { refused, conflicts, byEntry, tried }
}

function leftOf({ refused, conflicts }: Outcome): Set<Id> {
  return new Set([...refused.keys(), ...conflicts])
}

async function sent(session: Session, entries: readonly Entry[]): Promise<Outcome> {
  await makeMissing(session, entries)
  const { mailboxes } = session.objects
  const wanted = wantedBy(entries.flatMap(({ patches }) => resolved(patches, mailboxes)))
  const now = session.ports.now()
  // The clock of a device may be set back.
  const isStale = entries.some(({ attempted, at }) => attempted || now - at > STALE || at > now)
  const open = isStale ? await stillOpen(session, wanted) : { ...wanted, conflicts: new Set<Id>() }
  const outcome = { refused: await set(session, open), conflicts: open.conflicts }
  const parts = partsOf(entries, outcome.refused)
  return parts.length === 0 ? outcome : joined(outcome, await oneByOne(session, parts))
}

/** Several changes of one email are refused together, though one of them is the cause. */
function partsOf(entries: readonly Entry[], refused: Outcome['refused']): Entry[] {
  const counts = new Map<Id, number>()
  for (const id of entries.flatMap(({ patches }) => [...new Set(patches.flatMap(({ emailIds }) => emailIds))])) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const shared = new Set([...refused.keys()].filter((id) => (counts.get(id) ?? 0) > 1))
  return entries
    .map((entry) => ({ ...entry, patches: ofEmails(entry.patches, shared) }))
    .filter(({ patches }) => patches.length > 0)
}

/** `parts` is what became of the emails that `whole` calls refused for the whole of their changes. */
function joined(whole: Outcome, parts: Tried): Outcome {
  const others = leftOf(whole).difference(parts.tried)
  return {
    byEntry: new Map([...parts.byEntry].map(([id, left]) => [id, left.union(others)])),
    refused: new Map([...[...whole.refused].filter(([id]) => !parts.tried.has(id)), ...parts.refused]),
    conflicts: whole.conflicts.union(parts.conflicts)
  }
}

/** Without what the server has already, and what somebody else moved meanwhile. */
async function stillOpen(session: Session, wanted: Wanted): Promise<Wanted & { conflicts: Set<Id> }> {
  const results = await session.client.run(mutable([...wanted.update.keys(), ...wanted.destroy.keys()]))
  const facts = new Map(results.get<GetResponse<MutableProperties>>('get').list.map((email) => [email.id, email]))
  const update = new Map<Id, Patch>()
  const destroy = new Map<Id, Patch>()
  const conflicts = new Set<Id>()
  for (const [id, patch] of [...wanted.update, ...wanted.destroy]) {
    const status = patchStatus(patch, facts.get(id))
    const rest = status === 'conflict' ? keywordsOnly(patch) : patch
    if (status === 'conflict') {
      conflicts.add(id)
    }
    if (patchStatus(rest, facts.get(id)) === 'open') {
      ;(rest.destroyed ? destroy : update).set(id, rest)
    }
  }
  return { update, destroy, conflicts }
}

async function set(session: Session, { update, destroy }: Wanted): Promise<Map<Id, JmapFailure>> {
  const refused = new Map<Id, JmapFailure>()
  const most = session.client.limits.maxObjectsInSet
  const all = [...update.keys(), ...destroy.keys()]
  for (let at = 0; at < all.length; at += most) {
    const ids = all.slice(at, at + most)
    const changed = new Map([...update].filter(([id]) => ids.includes(id)))
    const updates = [...changed].map(([id, patch]) => [id, patchObject(patch)] as const)
    const looked = toLookAt(changed)
    const results = await session.client.run([
      emailSet(
        Object.fromEntries(updates),
        ids.filter((id) => destroy.has(id))
      ),
      ...(looked.size > 0 ? mutable([...new Set(looked.values())]) : [])
    ])
    notKept(changed, looked, results).forEach((failure, id) => refused.set(id, failure))
    const { notUpdated, notDestroyed } = results.get<SetResponse>('set')
    for (const [id, error] of Object.entries({ ...notUpdated, ...notDestroyed })) {
      note(refused, id, isToMailbox(update.get(id)) ? ofMailbox(error) : error)
    }
  }
  return refused
}

function isToMailbox({ mailboxIds = {} }: Partial<Patch> = {}): boolean {
  return Object.values(mailboxIds).some(Boolean)
}

/** RFC 8621 §4.6: an email may be put only where there is a mailbox. Servers seldom say more of it than this. */
function ofMailbox(error: SetError): SetError {
  return error.type === 'invalidProperties' ? { ...error, type: 'gone' } : error
}

/** An email that is gone needs no change. Raises JmapFailure for what passes by itself. */
function note(refused: Map<Id, JmapFailure>, id: Id, error: SetError): void {
  if (error.type === 'notFound') {
    return
  }
  const failure = refusal(error)
  if (failure.transient) {
    throw failure
  }
  refused.set(id, failure)
}

/** What others may have changed of these emails. */
export function mutable(ids: readonly Id[]): Call[] {
  return [call('Email/get', 'get', { ids, properties: MUTABLE })]
}

function emailSet(update: Readonly<Record<Id, Arguments>>, destroy: readonly Id[]): Call {
  const updates = Object.keys(update).length > 0 && { update }
  return call('Email/set', 'set', { ...updates, ...(destroy.length > 0 && { destroy }) })
}
