/** What the mail server holds lies in Sent already: it is shown there once it has left. */
import type { Id } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'

export function veil(account: Account, emailIds: ReadonlySet<Id>): void {
  const { objects } = account
  const sent = [...objects.mailboxes.values()].find(({ role }) => role === 'sent')
  objects.setVeils(sent ? [{ emailIds: [...emailIds], mailboxIds: { [sent.id]: false } }] : [])
  account.tell('account', 'list')
}
