/** The mailboxes of the store → the sidebar's items, in its order. */
import type { Id, Mailbox } from '#lib/jmap/types.ts'
import { countsOf } from '#lib/store/counts.ts'
import type { Objects } from '#lib/store/objects.ts'
import type { MailboxItem, Role } from './mail.ts'

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
