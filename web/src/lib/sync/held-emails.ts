/** The emails that the mail server holds, as far as this page knows. Sent does not show them before they have left. */
import type { Id } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'

/** `device`: what this device sends. `server`: what the mail server said. */
type Source = 'device' | 'server'

const known = new WeakMap<Session, Map<Source, ReadonlySet<Id>>>()

export function heldEmails(session: Session): ReadonlySet<Id> {
  return new Set([...(known.get(session)?.values() ?? [])].flatMap((ids) => [...ids]))
}

/** Those that this device sends. */
export function heldByDevice(session: Session): ReadonlySet<Id> {
  return known.get(session)?.get('device') ?? new Set()
}

export function noteHeld(session: Session, source: Source, ids: ReadonlySet<Id>): void {
  const sources = known.get(session) ?? new Map<Source, ReadonlySet<Id>>()
  known.set(session, sources)
  const before = sources.get(source)
  if (before?.size !== ids.size || [...ids].some((id) => !before.has(id))) {
    sources.set(source, ids)
    hideInSent(session, [...heldEmails(session)])
  }
}

/** The mail server stores what it holds in Sent already. */
function hideInSent(session: Session, emailIds: readonly Id[]): void {
  const { objects } = session
  const sent = objects.roles.get('sent')
  objects.setLocalPatches(sent ? [{ emailIds, mailboxIds: { [sent]: false } }] : [])
  session.changed('account', 'list')
}
