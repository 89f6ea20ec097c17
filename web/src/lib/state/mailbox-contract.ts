/** What the mail views read of mailboxes and labels, and do to them: a part of the contract of mail.ts. */
import type { Label, LabelColour } from '#lib/mail/label.ts'
import type { NameFault } from '#lib/mail/names.ts'
import type { Trouble } from '#lib/mail/trouble.ts'

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

export interface Mailboxes {
  /** in the order of the sidebar: roles first, then by sortOrder and name, children behind their parent */
  readonly items: readonly MailboxItem[]
  byId(id: string): MailboxItem | undefined
  byRole(role: Role): MailboxItem | undefined
  /** Making, renaming, moving, removing, emptying. It comes with what reads. */
  edits(): Promise<MailboxEdits>
  /** Changes of many messages that run or have just ended. */
  readonly work: MailboxWork | null
}

/** Changes of mailboxes. They need a connection: what they reject with is a `Trouble`. */
export interface MailboxEdits {
  /** What is wrong with a name beside its siblings; null for nothing. The mail server may still know better. */
  wrongName(name: string, parentId: string | null, self?: string): WrongName | null
  /** mailboxes into which one may be moved, or in which one may be made; null stands for the top */
  parentsFor(mailboxId: string | null): readonly (string | null)[]
  /** Resolves to the id. */
  create(name: string, parentId: string | null): Promise<string>
  rename(mailboxId: string, name: string): Promise<void>
  move(mailboxId: string, parentId: string | null): Promise<void>
  /** Those inside are removed, too. Their messages go to `to` first; what lies in another mailbox, too, stays there. */
  remove(mailboxId: string, to: string): MailboxWork
  /** Destroys what lies only here: it cannot be undone. What lies in another mailbox, too, stays there. */
  empty(mailboxId: string): MailboxWork
  markAllRead(mailboxId: string): MailboxWork
}

export type WrongName = NameFault

/** A change of many messages, in parts. */
export interface MailboxWork {
  readonly kind: 'remove' | 'empty' | 'read' | 'unread'
  /** as it was called at the start */
  readonly mailbox: string
  /** messages */
  readonly total: number
  readonly done: number
  /** `stopped`: by the person */
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly trouble: Trouble | null
  stop(): void
  /** once it no longer runs */
  readonly ended: Promise<void>
  /** Takes back what was done; null if nothing can. */
  readonly undo: (() => void) | null
}

/** Names and colours of keywords; the service keeps them (/api/settings), so that they follow the person. */
export interface Labels {
  /** by name */
  readonly items: readonly Label[]
  byKeyword(keyword: string): Label | undefined
  /** Making, changing and removing. It comes with what reads. */
  edits(): Promise<LabelEditing>
  /** `(await edits()).create(…)` */
  create(name: string, colour?: LabelColour): Promise<Label>
}

/** Each is shown at once, and resolved once the service keeps it; rejects with a `Trouble`. */
export interface LabelEditing {
  /** What is wrong with a name; null for nothing. */
  wrongName(name: string, self?: string): WrongName | null
  create(name: string, colour?: LabelColour): Promise<Label>
  change(keyword: string, change: Partial<Pick<Label, 'name' | 'colour'>>): Promise<void>
  /** Messages keep the keyword, which is not shown any more. */
  remove(keyword: string): Promise<void>
  /** What was removed, as it was. */
  restore(label: Label): Promise<void>
}
