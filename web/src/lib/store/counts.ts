/** Unread conversations of a mailbox as they are shown: the server's count, less what our pending patches read. */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Objects } from './objects.ts'

export function unreadThreads(objects: Objects, mailboxId: Id): number {
  const count = objects.mailboxes.get(mailboxId)?.unreadThreads ?? 0
  const touched = new Set<Id>()
  for (const id of objects.pending.flatMap(({ emailIds }) => emailIds)) {
    const email = objects.baseOf(id)
    if (email) {
      touched.add(email.threadId)
    }
  }
  let difference = 0
  for (const threadId of touched) {
    const before = counts(objects, threadId, mailboxId, (id) => objects.baseOf(id))
    const after = counts(objects, threadId, mailboxId, (id) => objects.email(id))
    difference += Number(after) - Number(before)
  }
  return Math.max(0, count + difference)
}

/** RFC 8621 §2, unreadThreads: a message of the conversation is unread, and one is in the mailbox. */
function counts(objects: Objects, threadId: Id, mailboxId: Id, of: (id: Id) => Email | undefined): boolean {
  const emails = objects.thread(threadId).flatMap((id) => of(id) ?? [])
  return emails.some((email) => email.mailboxIds[mailboxId]) && emails.some(isUnread)
}

/** RFC 8621 §2: neither seen nor a draft. */
export function isUnread(email: Email | undefined): boolean {
  return email !== undefined && !email.keywords['$seen'] && !email.keywords['$draft']
}
