/** How much is in a mailbox as it is shown: the server's counts, with what the pending patches change. */
import type { Email, Id, Mailbox } from '#lib/jmap/types.ts'
import type { Objects } from './objects.ts'

export type Counts = Pick<Mailbox, 'unreadThreads' | 'totalEmails'>

const NOTHING: Counts = { unreadThreads: 0, totalEmails: 0 }

/** What the pending patches change, of all mailboxes: the sidebar asks for each of them. */
const differences = new WeakMap<Objects, { generation: number; byMailbox: ReadonlyMap<Id, Counts> }>()

export function countsOf(objects: Objects, mailboxId: Id): Counts {
  const counted = objects.mailboxes.get(mailboxId) ?? NOTHING
  const difference = differencesOf(objects).get(mailboxId) ?? NOTHING
  return {
    unreadThreads: Math.max(0, counted.unreadThreads + difference.unreadThreads),
    totalEmails: Math.max(0, counted.totalEmails + difference.totalEmails)
  }
}

export function unreadThreads(objects: Objects, mailboxId: Id): number {
  return countsOf(objects, mailboxId).unreadThreads
}

function differencesOf(objects: Objects): ReadonlyMap<Id, Counts> {
  const known = differences.get(objects)
  if (known?.generation === objects.generation) {
    return known.byMailbox
  }
  const byMailbox = new Map<Id, Counts>()
  for (const threadId of objects.touchedThreads()) {
    const ids = objects.thread(threadId)
    const shown = ids.flatMap((id) => objects.email(id) ?? [])
    const base = ids.flatMap((id) => objects.baseOf(id) ?? [])
    addThread(byMailbox, shown, 1)
    addThread(byMailbox, base, -1)
  }
  differences.set(objects, { generation: objects.generation, byMailbox })
  return byMailbox
}

/** RFC 8621 §2: a conversation counts as unread if a message of it is, in whatever mailbox, and one is in this one. */
function addThread(sums: Map<Id, Counts>, emails: readonly Email[], sign: 1 | -1): void {
  const unread = sign * Number(emails.some(isUnread))
  const held = new Map<Id, number>()
  for (const mailboxId of emails.flatMap(({ mailboxIds }) => Object.keys(mailboxIds))) {
    held.set(mailboxId, (held.get(mailboxId) ?? 0) + 1)
  }
  for (const [mailboxId, count] of held) {
    const sum = sums.get(mailboxId) ?? NOTHING
    sums.set(mailboxId, {
      unreadThreads: sum.unreadThreads + unread,
      totalEmails: sum.totalEmails + sign * count
    })
  }
}

/** RFC 8621 §2: neither seen nor a draft. */
export function isUnread(email: Email | undefined): boolean {
  return email !== undefined && !email.keywords['$seen'] && !email.keywords['$draft']
}
