/**
 * The list of drafts, as far as this device knows it. Off line, a draft that was stored since that list was asked for last would be
 * nowhere: its window is closed, and only the mail server's list would name it.
 */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import type { Facts } from './facts.ts'
import type { Kept } from './kept.ts'
import type { ListView } from './list-view.ts'

interface Account {
  readonly objects: Objects
  readonly facts: Facts
  readonly kept: Kept
}

/** Puts the drafts into this list, if it is that of all drafts, unless the mail server answers before. */
export async function meetKnownDrafts({ objects, facts, kept }: Account, list: ListView): Promise<void> {
  const { mailboxId, filter, sort } = list.query
  if (mailboxId === null || filter !== null || sort.property !== 'receivedAt' || sort.isAscending) return
  if (objects.mailboxes.get(mailboxId)?.role !== 'drafts') return
  const { version } = facts
  const isIn = (email: Email): boolean => mailboxId in email.mailboxIds
  const searches = await kept.searches().catch(() => null)
  const found: Email[] = []
  for await (const part of searches?.emails() ?? []) {
    found.push(...part.filter((email) => isIn(email) && !objects.baseOf(email.id)))
  }
  const kin = found.length > 0 ? await searches?.threadsOf(found) : null
  // A round that came between told of changes to mail that was not here yet.
  if (kin && facts.version === version) objects.restore(kin.emails, kin.threads)
  list.meet(newestOfEach([...objects.emails()].filter(isIn)), objects)
}

/** Of each conversation the newest one, the newest first. */
function newestOfEach(emails: readonly Email[]): Id[] {
  const newest = new Map<Id, Email>()
  for (const email of emails.toSorted((one, other) => (one.receivedAt < other.receivedAt ? -1 : 1))) {
    newest.delete(email.threadId)
    newest.set(email.threadId, email)
  }
  return [...newest.values()].map(({ id }) => id).toReversed()
}
