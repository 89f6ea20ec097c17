import type { Email, Id } from '#lib/jmap/types.ts'
import { isUnread } from './counts.ts'

/** Each expanded message is a frame of its own: a hundred of them at once would stall the page. */
const MOST_EXPANDED = 10

/**
 * Messages of a conversation that are expanded at first: the last one and the unread ones; of more than ten, the oldest one,
 * where the person goes on to read, and the newest ones. Those in `before` were unread when they were expanded, and count
 * as such: else the next ten would follow them.
 */
export function expandedAtFirst(emails: readonly Email[], before: ReadonlySet<Id>): Id[] {
  const last = emails.at(-1)
  const ids = emails.filter((email) => email === last || isUnread(email) || before.has(email.id)).map(({ id }) => id)
  return ids.length > MOST_EXPANDED ? [...ids.slice(0, 1), ...ids.slice(1 - MOST_EXPANDED)] : ids
}
