import type { Action } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'

/** How conversations get into a mailbox; null if they cannot. What has a meaning of its own is told as such. */
export function moveTo(mailboxId: string, { list, mailboxes }: Pick<Mail, 'list' | 'mailboxes'>): Action | null {
  const mailbox = mailboxes.byId(mailboxId)
  if (!mailbox?.may.addItems || mailboxId === list?.mailboxId) return null
  switch (mailbox.role) {
    case 'trash':
      return { kind: 'delete' }
    case 'junk':
      return { kind: 'spam', on: true }
    case 'archive':
      return { kind: 'archive' }
    // Mail gets there by writing it.
    case 'drafts':
    case 'sent':
      return null
    default:
      return { kind: 'move', mailboxId }
  }
}
