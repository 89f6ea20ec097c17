/** The address of a mailbox, of a view of all of them, and of a conversation: /mail/inbox/THREAD. */
import type { Filter, MailboxItem } from '#lib/state/mail.ts'
import type { Mailboxes } from '#lib/state/mailboxes.svelte.ts'

/** What is shown of all mailboxes. */
export type View =
  { readonly kind: 'starred' | 'all' | 'scheduled' } | { readonly kind: 'label'; readonly keyword: string }

/** Ids of mailboxes hold no colon (RFC 8620 §1.2), so an address never means both. */
const LABEL = 'label:'

/** Standard mailboxes are named by their role, others by their id. */
export function mailboxSegment(mailbox: Pick<MailboxItem, 'id' | 'role'>): string {
  return mailbox.role ?? mailbox.id
}

export function pathOf(segment: string, threadId?: string): string {
  const parts = threadId === undefined ? [segment] : [segment, threadId]
  return ['/mail', ...parts.map(encodeURIComponent)].join('/')
}

/** The segment of an address that shows what was searched for. */
export const SEARCH = 'search'

/** A search is part of its address: it can be reloaded, gone back to, and kept as a bookmark. */
export function searchPath(query: string, threadId?: string): string {
  return query ? `${pathOf(SEARCH, threadId)}?q=${encodeURIComponent(query)}` : pathOf(SEARCH, threadId)
}

/** The mailbox that an address names; the inbox for none. Undefined if there is no such mailbox. */
export function mailboxOf(segment: string | undefined, mailboxes: Mailboxes): MailboxItem | undefined {
  if (segment === undefined) return mailboxes.byRole('inbox')
  return mailboxes.items.find((mailbox) => mailbox.role === segment) ?? mailboxes.byId(segment)
}

export function labelSegment(keyword: string): string {
  return LABEL + keyword
}

/** The view that an address names. */
export function viewOf(segment: string | undefined): View | undefined {
  if (segment === 'starred' || segment === 'all' || segment === 'scheduled') return { kind: segment }
  return segment?.startsWith(LABEL) ? { kind: 'label', keyword: segment.slice(LABEL.length) } : undefined
}

/** What is in it. Whatever is in Spam or Trash was put away. */
export function filterOf(view: View, mailboxes: Mailboxes): Filter | null {
  // What waits at the mail server is no list of emails: nothing matches, so that no key does anything to a hidden row.
  if (view.kind === 'scheduled') return { hasKeyword: '$seen', notKeyword: '$seen' }
  const away = mailboxes.items.filter(({ role }) => role === 'junk' || role === 'trash').map(({ id }) => id)
  const keyword = view.kind === 'label' ? view.keyword : view.kind === 'starred' ? '$flagged' : undefined
  const filter: Filter = {
    ...(away.length > 0 && { inMailboxOtherThan: away }),
    ...(keyword !== undefined && { hasKeyword: keyword })
  }
  return Object.keys(filter).length > 0 ? filter : null
}
