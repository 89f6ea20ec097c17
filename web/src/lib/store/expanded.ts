import type { Email, Id } from '#lib/jmap/types.ts'
import { isUnread } from './counts.ts'

/** Each expanded message is a frame of its own: a hundred of them at once would stall the page. */
const MOST_EXPANDED = 10

/**
 * Messages of a conversation that are expanded at first: the last one and the unread ones, the newest ten at most.
 * Those in `before` were unread when they were expanded, and count as such: else the next ten would follow them.
 */
export function expandedAtFirst(emails: readonly Email[], before: ReadonlySet<Id>): Id[] {
  const last = emails.at(-1)
  return emails
    .filter((email) => email === last || isUnread(email) || before.has(email.id))
    .slice(-MOST_EXPANDED)
    .map(({ id }) => id)
}
