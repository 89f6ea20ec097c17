/** What an action does to the emails of a conversation. */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Patch } from '#lib/store/objects.ts'
import { idOfRole } from './entry.ts'

/** Emails up to which an action can be undone: each one's mailboxes before are kept in memory. */
export const MOST_UNDONE = 5_000

/** What a person can do to conversations. */
export type Action =
  | { readonly kind: 'read' | 'star' | 'spam'; readonly on: boolean }
  | { readonly kind: 'archive' | 'delete' }
  /** for good: it cannot be undone */
  | { readonly kind: 'destroy' }
  | { readonly kind: 'move'; readonly mailboxId: Id }
  | { readonly kind: 'label'; readonly keyword: string; readonly on: boolean }

/** Where the person does it. */
export interface Place {
  /** of the list; null: a list of all mailboxes */
  readonly mailboxId: Id | null
  /** the mailbox of each role, as far as there is one */
  readonly roles: ReadonlyMap<string, Id>
  /** Only what lies in the mailbox of the list is moved. False if the messages were chosen one by one. */
  readonly conversations: boolean
  /** emails that the mail server still has to send: wherever they were moved, they would be sent all the same */
  readonly held: ReadonlySet<Id>
}

/** `emails` are those of one conversation, oldest first. Nothing for an action that changes nothing. */
export function patchesOf(action: Action, emails: readonly Email[], place: Place): Patch[] {
  const free = emails.filter(({ id }) => !place.held.has(id))
  switch (action.kind) {
    case 'read':
      return keywords(action.on ? emails.filter(isUnread) : unreadAgain(emails, place), { $seen: action.on })
    case 'star':
      return keywords(action.on ? starred(emails, place) : emails.filter(({ keywords }) => keywords['$flagged']), {
        $flagged: action.on
      })
    case 'label':
      return label(action.keyword.toLowerCase(), action.on, emails)
    case 'archive':
      return moves(archived(free, place), mailboxOf('archive', place))
    case 'move':
      return moves(movable(free, place), action.mailboxId)
    case 'delete':
      return moves(deletable(free, place), mailboxOf('trash', place))
    case 'spam':
      return spam(action.on, free, place)
    case 'destroy':
      return moves(here(free, place), null)
  }
}

/** Whether the action leaves these emails where they are for the one reason that they are still to be sent. */
export function isHeldBack(action: Action, emails: readonly Email[], place: Place): boolean {
  const free = { ...place, held: new Set<Id>() }
  return patchesOf(action, emails, place).length === 0 && patchesOf(action, emails, free).length > 0
}

function isUnread({ keywords }: Email): boolean {
  return !keywords['$seen'] && !keywords['$draft']
}

function mailboxOf(role: string, { roles }: Place): Id {
  return roles.get(role) ?? idOfRole(role)
}

function has(email: Email, mailboxId: Id | undefined | null): boolean {
  return typeof mailboxId === 'string' && email.mailboxIds[mailboxId] === true
}

/** Those in the mailbox of the list; of a list of all mailboxes, all. */
function here(emails: readonly Email[], { mailboxId, conversations }: Place): readonly Email[] {
  return mailboxId === null || !conversations ? emails : emails.filter((email) => has(email, mailboxId))
}

/** A list of all mailboxes holds what was sent, too, which stays where it is. */
function movable(emails: readonly Email[], place: Place): readonly Email[] {
  const found = here(emails, place)
  if (place.mailboxId !== null || !place.conversations) {
    return found
  }
  const staying = ['sent', 'drafts', 'trash', 'junk'].map((role) => place.roles.get(role))
  return found.filter((email) => !staying.some((id) => has(email, id)))
}

function archived(emails: readonly Email[], place: Place): readonly Email[] {
  const { mailboxId, roles } = place
  // Whoever archives among what was sent, or in the archive, means what still lies in the inbox.
  const staying = ['sent', 'drafts', 'archive'].some((role) => roles.get(role) === mailboxId)
  return place.conversations && (mailboxId === null || staying)
    ? emails.filter((email) => has(email, roles.get('inbox')))
    : here(emails, place)
}

function deletable(emails: readonly Email[], place: Place): readonly Email[] {
  return here(emails, place).filter((email) => !has(email, place.roles.get('trash')))
}

/** One message makes the conversation unread: the newest of it that is shown here. */
function unreadAgain(emails: readonly Email[], place: Place): readonly Email[] {
  const read = here(emails, place).filter(({ keywords }) => keywords['$seen'] && !keywords['$draft'])
  return place.conversations ? read.slice(-1) : read
}

function starred(emails: readonly Email[], place: Place): readonly Email[] {
  const found = here(emails, place).filter(({ keywords }) => !keywords['$flagged'])
  return place.conversations ? found.slice(-1) : found
}

function spam(on: boolean, emails: readonly Email[], place: Place): Patch[] {
  const { roles } = place
  const found = on
    ? movable(emails, place).filter((email) => !has(email, roles.get('junk')))
    : emails.filter((email) => has(email, roles.get('junk')))
  // RFC 8621 §4.1.1: the two keywords by which a filter learns.
  const learned = { $junk: on, $notjunk: !on }
  return moves(found, mailboxOf(on ? 'junk' : 'inbox', place)).map((patch) => ({ ...patch, keywords: learned }))
}

function keywords(emails: readonly Email[], changes: Readonly<Record<string, boolean>>): Patch[] {
  return emails.length === 0 ? [] : [{ emailIds: emails.map(({ id }) => id), keywords: changes }]
}

/** RFC 8621 §4.1.1: servers tell keywords in lower case, in whatever case they were set. */
function label(keyword: string, on: boolean, emails: readonly Email[]): Patch[] {
  const open = emails.filter(({ keywords }) => Boolean(keywords[keyword]) !== on)
  return keywords(open, { [keyword]: on })
}

/** Out of all the mailboxes in which they lie, into this one; null: they are destroyed, if they are still there. */
function moves(emails: readonly Email[], target: Id | null): Patch[] {
  const groups = new Map<string, Patch & { emailIds: Id[] }>()
  for (const email of emails) {
    const from = Object.keys(email.mailboxIds).toSorted()
    if (from.length === 1 && from[0] === target) {
      continue
    }
    const left = Object.fromEntries(from.map((id) => [id, false]))
    const change =
      target === null ? { mailboxIds: left, destroyed: true as const } : { mailboxIds: { ...left, [target]: true } }
    const key = JSON.stringify(change)
    const group = groups.get(key) ?? { emailIds: [], ...change }
    group.emailIds.push(email.id)
    groups.set(key, group)
  }
  return [...groups.values()]
}
