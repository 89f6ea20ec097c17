/**
 * What the mail views read and do. The classes in `*.svelte.ts` beside this file implement it; views know nothing else
 * of JMAP. Every getter is reactive: what it returns is replaced, never changed in place.
 */
import type { Attachment } from '#lib/mail/attachment.ts'
import type { Authentication } from '#lib/mail/authentication.ts'
import type { Person } from '#lib/mail/people.ts'
import type { Trouble } from '#lib/mail/trouble.ts'

export type { Attachment, Person, Trouble }

export type Role = 'inbox' | 'archive' | 'drafts' | 'sent' | 'junk' | 'trash'

export interface MailboxItem {
  readonly id: string
  readonly name: string
  readonly role: Role | null
  /** 0 at the top */
  readonly depth: number
  /** unread conversations; in Drafts all messages */
  readonly count: number
  readonly total: number
  /** messages may be read in it (RFC 8621 §2, mayReadItems) */
  readonly readable: boolean
}

export interface Mailboxes {
  /** in the order of the sidebar: roles first, then by sortOrder and name, children behind their parent */
  readonly items: readonly MailboxItem[]
  byId(id: string): MailboxItem | undefined
  byRole(role: Role): MailboxItem | undefined
}

/** One row of the list: a conversation, shown by its newest message in this mailbox. */
export interface Row {
  readonly threadId: string
  readonly emailId: string
  readonly people: readonly Person[]
  /** messages in the conversation */
  readonly messages: number
  readonly time: Date
  readonly subject: string
  readonly preview: string
  readonly unread: boolean
  readonly starred: boolean
  readonly draft: boolean
  readonly answered: boolean
  readonly forwarded: boolean
  readonly attachment: boolean
  /** the sender could not be confirmed: a name or a sentence is shown with it */
  readonly warning: boolean
}

export type Freshness = 'loading' | 'cached' | 'current' | 'failed'

export interface ConversationList {
  readonly mailboxId: string
  /** null until known */
  readonly total: number | null
  readonly unread: number
  readonly freshness: Freshness
  /** when the server last confirmed what is shown */
  readonly asOf: Date | null
  readonly trouble: Trouble | null
  row(index: number): Row | undefined
  /** Ask for the rows from `from` to before `to` that are missing. Call it whenever the visible range changes. */
  want(from: number, to: number): void
  /** the place of a conversation, if it is loaded */
  indexOf(threadId: string): number | undefined
  /** new conversations that wait behind the pill, since the list is scrolled */
  readonly arrived: number
  /** Tell whether the top of the list is visible: if so, new conversations appear at once. */
  atTop(visible: boolean): void
  tryAgain(): void
}

export interface Body {
  readonly html: string | null
  readonly text: string
  /** Content-ID (without angle brackets) → the picture that the HTML refers to */
  readonly inline: ReadonlyMap<string, Attachment>
  /** the HTML is larger than what is shown unasked */
  readonly truncated: boolean
}

export interface Message {
  readonly id: string
  readonly from: readonly Person[]
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly replyTo: readonly Person[]
  readonly sentAt: Date | null
  readonly receivedAt: Date
  readonly subject: string
  readonly preview: string
  readonly messageId: readonly string[]
  readonly references: readonly string[]
  readonly unread: boolean
  readonly starred: boolean
  readonly draft: boolean
  readonly own: boolean
  readonly authentication: Authentication
  /** known before the body is loaded */
  readonly hasAttachment: boolean
  readonly attachments: readonly Attachment[]
  /** null until it is loaded */
  readonly body: Body | null
  readonly trouble: Trouble | null
}

export interface Conversation {
  readonly threadId: string
  readonly subject: string
  /** oldest first */
  readonly messages: readonly Message[]
  /** ids of the messages that are expanded unless the person collapses them */
  readonly expanded: ReadonlySet<string>
  readonly freshness: Freshness
  readonly trouble: Trouble | null
}

export interface Reader {
  /** null while nothing is open; the header comes from the list at once */
  readonly conversation: Conversation | null
  open(threadId: string): void
  close(): void
  /** It will perhaps be opened. */
  prefetch(threadId: string): void
  /** Load the body of a message that is being unfolded. */
  load(messageId: string): void
  /** the whole body of a message that was too large */
  loadAll(messageId: string): void
  inlinePicture(attachment: Attachment): Promise<Blob>
  /** Ask now for what could not be had: the conversation, or bodies. */
  tryAgain(): void
}

export interface Reply {
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly subject: string
  /** what was typed */
  readonly text: string
  /** what stands below it; empty for nothing */
  readonly quoted: string
  /** the message to which it replies */
  readonly parent: Message
}

/** `failed`: the text would be lost with the page. */
export type DraftState = 'none' | 'keeping' | 'kept' | 'failed'

export interface SendingStatus {
  readonly sending: boolean
  readonly trouble: Trouble | null
}

export interface Sending {
  /** Load what sending needs, while there is a network. */
  prepare(): void
  /** Resolves when the server took it; rejects with a `Trouble`. */
  send(reply: Reply): Promise<void>
  /** the text that was typed and not sent, kept for the message to which it replies */
  draftOf(messageId: string): string
  /** whether this device has the text as it was typed */
  draftState(messageId: string): DraftState
  /** whether the reply is being handed over, and why it was not; also if nobody looks at it meanwhile */
  statusOf(messageId: string): SendingStatus
  keep(messageId: string, text: string): void
  /** messages whose reply was typed and not sent: ask before a logout */
  unsent(): readonly string[]
}

export type Live = 'connecting' | 'live' | 'offline'

export interface Connection {
  readonly live: Live
  /** when it last was live */
  readonly since: Date | null
  readonly trouble: Trouble | null
  tryNow(): void
}

export interface Quota {
  /** octets */
  readonly used: number
  readonly limit: number
}

/** Everything that the mail page stands on; made by the route, given to the views by context. */
export interface Mail {
  readonly address: string
  /** somebody is signed in, or was when this page was opened */
  readonly isKnown: boolean
  readonly mailboxes: Mailboxes
  readonly list: ConversationList | null
  readonly reader: Reader
  readonly sending: Sending
  readonly connection: Connection
  readonly quota: Quota | null
  readonly trouble: Trouble | null
  /** why the mail server refused what was marked last: all shows again what it has; another object each time */
  readonly refusedMark: Trouble | null
  markAgain(): void
  /** Show a mailbox; null for the inbox. */
  show(mailboxId: string | null): void
  /** remote pictures: whether this sender's may be shown, and to remember that they may */
  picturesAllowed(address: string): boolean
  allowPictures(address: string): Promise<void>
  /** The language was chosen on this device: let other devices know. If that fails, the next visit does it. */
  keepLanguage(): Promise<void>
  /** The page is left: end connections and timers. */
  stop(): void
}
