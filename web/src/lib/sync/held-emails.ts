/** The emails that the mail server holds, as far as this page knows. Sent does not show them before they have left. */
import type { Id } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'

/** `device`: what this device sends. `server`: what the mail server said. */
type Source = 'device' | 'server'

const known = new WeakMap<Account, Map<Source, ReadonlySet<Id>>>()

export function heldEmails(account: Account): ReadonlySet<Id> {
  return new Set([...(known.get(account)?.values() ?? [])].flatMap((ids) => [...ids]))
}

/** Those that this device sends. */
export function heldByDevice(account: Account): ReadonlySet<Id> {
  return known.get(account)?.get('device') ?? new Set()
}

export function noteHeld(account: Account, source: Source, ids: ReadonlySet<Id>): void {
  const sources = known.get(account) ?? new Map<Source, ReadonlySet<Id>>()
  known.set(account, sources)
  const before = sources.get(source)
  if (before?.size !== ids.size || [...ids].some((id) => !before.has(id))) {
    sources.set(source, ids)
    hideInSent(account, [...heldEmails(account)])
  }
}

/** The mail server stores what it holds in Sent already. */
function hideInSent(account: Account, emailIds: readonly Id[]): void {
  const { objects } = account
  const sent = [...objects.mailboxes.values()].find(({ role }) => role === 'sent')
  objects.setLocalPatches(sent ? [{ emailIds, mailboxIds: { [sent.id]: false } }] : [])
  account.tell('account', 'list')
}
