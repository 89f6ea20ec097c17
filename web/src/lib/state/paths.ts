/** The address of a mailbox and of a conversation: /mail/inbox/THREAD. */
import type { MailboxItem, Mailboxes } from '#lib/state/mail.ts'

/** Standard mailboxes are named by their role, others by their id. */
export function mailboxSegment(mailbox: Pick<MailboxItem, 'id' | 'role'>): string {
  return mailbox.role ?? mailbox.id
}

export function pathOf(segment: string, threadId?: string): string {
  const parts = threadId === undefined ? [segment] : [segment, threadId]
  return ['/mail', ...parts.map(encodeURIComponent)].join('/')
}

/** The mailbox that an address names; the inbox for none. Undefined if there is no such mailbox. */
export function mailboxOf(segment: string | undefined, mailboxes: Mailboxes): MailboxItem | undefined {
  if (segment === undefined) return mailboxes.byRole('inbox')
  return mailboxes.items.find((mailbox) => mailbox.role === segment) ?? mailboxes.byId(segment)
}
