/** How much is in a mailbox as it is shown: the server's counts, with what our pending patches change of them. */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Objects } from './objects.ts'

/** Messages. */
export function totalEmails(objects: Objects, mailboxId: Id): number {
  let difference = 0
  for (const threadId of objects.touchedThreads()) {
    for (const id of objects.thread(threadId)) {
      const before = objects.baseOf(id)?.mailboxIds[mailboxId]
      const after = objects.email(id)?.mailboxIds[mailboxId]
      difference += Number(Boolean(after)) - Number(Boolean(before))
    }
  }
  return Math.max(0, (objects.mailboxes.get(mailboxId)?.totalEmails ?? 0) + difference)
}

/** Unread conversations. */
export function unreadThreads(objects: Objects, mailboxId: Id): number {
  const count = objects.mailboxes.get(mailboxId)?.unreadThreads ?? 0
  let difference = 0
  for (const threadId of objects.touchedThreads()) {
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
