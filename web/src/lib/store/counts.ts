/** How much is in a mailbox as it is shown: the server's counts, with what the pending patches change. */
import type { Email, Id, Mailbox } from '#lib/jmap/types.ts'
import type { Objects } from './objects.ts'

export type Counts = Pick<Mailbox, 'totalThreads' | 'unreadThreads' | 'totalEmails'>

const NOTHING: Counts = { totalThreads: 0, unreadThreads: 0, totalEmails: 0 }

export function countsOf(objects: Objects, mailboxId: Id): Counts {
  const counted = objects.mailboxes.get(mailboxId) ?? NOTHING
  const difference = { ...NOTHING }
  for (const threadId of objects.touchedThreads()) {
    add(
      difference,
      inThread(objects, threadId, mailboxId, (id) => objects.email(id)),
      1
    )
    add(
      difference,
      inThread(objects, threadId, mailboxId, (id) => objects.baseOf(id)),
      -1
    )
  }
  return {
    totalThreads: Math.max(0, counted.totalThreads + difference.totalThreads),
    unreadThreads: Math.max(0, counted.unreadThreads + difference.unreadThreads),
    totalEmails: Math.max(0, counted.totalEmails + difference.totalEmails)
  }
}

export function unreadThreads(objects: Objects, mailboxId: Id): number {
  return countsOf(objects, mailboxId).unreadThreads
}

function add(sum: { -readonly [K in keyof Counts]: number }, counts: Counts, sign: 1 | -1): void {
  sum.totalThreads += sign * counts.totalThreads
  sum.unreadThreads += sign * counts.unreadThreads
  sum.totalEmails += sign * counts.totalEmails
}

/** RFC 8621 §2: a conversation counts as unread if a message of it is, in whatever mailbox, and one is in this one. */
function inThread(objects: Objects, threadId: Id, mailboxId: Id, of: (id: Id) => Email | undefined): Counts {
  const emails = objects.thread(threadId).flatMap((id) => of(id) ?? [])
  const totalEmails = emails.filter((email) => email.mailboxIds[mailboxId]).length
  const totalThreads = Number(totalEmails > 0)
  return { totalEmails, totalThreads, unreadThreads: Number(totalThreads > 0 && emails.some(isUnread)) }
}

/** RFC 8621 §2: neither seen nor a draft. */
export function isUnread(email: Email | undefined): boolean {
  return email !== undefined && !email.keywords['$seen'] && !email.keywords['$draft']
}
