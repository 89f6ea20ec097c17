/** The mailboxes of the store → the sidebar's items, in its order. */
import type { Id, Mailbox } from '#lib/jmap/types.ts'
import { countsOf } from '#lib/store/counts.ts'
import type { Objects } from '#lib/store/objects.ts'

export type Role = 'inbox' | 'archive' | 'drafts' | 'sent' | 'junk' | 'trash'

export interface MailboxItem {
  readonly id: string
  readonly name: string
  readonly role: Role | null
  /** 0 at the top */
  readonly depth: number
  /** unread conversations; in Drafts all messages */
  readonly count: number
  /** null at the top */
  readonly parentId: string | null
  /** messages, of which a conversation may have several */
  readonly messages: number
  /** RFC 8621 §2, myRights */
  readonly may: {
    readonly addItems: boolean
    readonly removeItems: boolean
    readonly setSeen: boolean
    readonly createChild: boolean
    readonly rename: boolean
    readonly remove: boolean
  }
}

const ROLES: readonly string[] = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'] satisfies Role[]

export function itemsOf(objects: Objects): MailboxItem[] {
  const children = Map.groupBy(objects.mailboxes.values(), (mailbox) => parentOf(mailbox, objects))
  const below = (parent: Id | null, depth: number): MailboxItem[] =>
    (children.get(parent) ?? [])
      .toSorted(inOrder)
      .flatMap((mailbox) => [itemOf(mailbox, depth, objects), ...below(mailbox.id, depth + 1)])
  return below(null, 0)
}

/** A parent that is not shared with us is no parent here. */
function parentOf({ parentId }: Mailbox, { mailboxes }: Objects): Id | null {
  return parentId !== null && mailboxes.has(parentId) ? parentId : null
}

function mayOf({ role, myRights: rights }: Mailbox): MailboxItem['may'] {
  return {
    addItems: rights.mayAddItems,
    removeItems: rights.mayRemoveItems,
    setSeen: rights.maySetSeen,
    createChild: rights.mayCreateChild,
    // What has a role is found by it, in each program: renamed or removed it would be missed.
    rename: rights.mayRename && role === null,
    remove: rights.mayDelete && role === null
  }
}

function inOrder(one: Mailbox, other: Mailbox): number {
  return placeOf(one) - placeOf(other) || one.sortOrder - other.sortOrder || one.name.localeCompare(other.name)
}

function placeOf({ role }: Mailbox): number {
  const place = ROLES.indexOf(role ?? '')
  return place < 0 ? ROLES.length : place
}

function itemOf(mailbox: Mailbox, depth: number, objects: Objects): MailboxItem {
  const counts = countsOf(objects, mailbox.id)
  const role = ROLES.includes(mailbox.role ?? '') ? (mailbox.role as Role) : null
  return {
    id: mailbox.id,
    name: mailbox.name,
    role,
    depth,
    count: role === 'drafts' ? counts.totalEmails : counts.unreadThreads,
    parentId: parentOf(mailbox, objects),
    messages: counts.totalEmails,
    may: mayOf(mailbox)
  }
}

/** By their parent. */
export type Inside = ReadonlyMap<string | null, readonly MailboxItem[]>

export function insideOf(items: readonly MailboxItem[]): Inside {
  return Map.groupBy(items, ({ parentId }) => parentId)
}

/** Mailboxes inside of one, at any depth, parents first. */
export function foldersIn(id: string, items: readonly MailboxItem[]): MailboxItem[] {
  return deepIn(id, insideOf(items))
}

export function deepIn(id: string, inside: Inside): MailboxItem[] {
  return (inside.get(id) ?? []).flatMap((item) => [item, ...deepIn(item.id, inside)])
}
