/**
 * What the mail views read and do. The classes in `*.svelte.ts` beside this file implement it; views know nothing else
 * of JMAP. Every getter is reactive: what it returns is replaced, never changed in place.
 */
import type { Filter, Sort } from '#lib/jmap/types.ts'
import type { Action } from '#lib/actions/domain/action.ts'
import type { Attachment } from '#lib/mail/attachment.ts'
import type { Person } from '#lib/mail/people.ts'
import type { Label, LabelColour } from '#lib/mail/label.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Warning } from '#lib/mail/warnings.ts'
import type { NotificationLevel } from '#lib/sync/arriving-emails.ts'
import type { Compose } from '#lib/writing/state/compose.ts'
import type { Message } from './message.ts'
import type { Preferences } from '#lib/settings/state/preferences.svelte.ts'
import type { SavedSearch, Search } from '#lib/search/state/searches.ts'
import type { Sent } from '#lib/writing/state/sent.ts'
import type { Labels, Mailboxes } from './mailbox-contract.ts'

export type { Body, Message } from './message.ts'
export type { Action, Attachment, Filter, Label, LabelColour, Person, Sort, Trouble, NotificationLevel }
export type {
  LabelEditing,
  Labels,
  MailboxEdits,
  MailboxItem,
  Mailboxes,
  MailboxWork,
  Role,
  WrongName
} from './mailbox-contract.ts'

/** One row of the list: a conversation, shown by its newest message in this mailbox. */
export interface Row {
  readonly threadId: string
  readonly emailId: string
  readonly people: readonly Person[]
  /** when its newest unread message came that another person wrote, in milliseconds; 0: it has none */
  readonly news: number
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
  /** keywords of labels: all but those that begin with `$` */
  readonly labels: readonly string[]
  /** a change of it waits for the mail server */
  readonly pending: boolean
}

export type Freshness = 'loading' | 'cached' | 'current' | 'failed'

export interface ConversationList {
  /** the same for the same mailbox, filter and order: another list has another key */
  readonly key: string
  /** null: of all mailboxes */
  readonly mailboxId: string | null
  readonly sort: Sort
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
  /** While it is held, what others change moves no row: the pointer or the focus is in the list (design: 400 ms after). */
  hold(held: boolean): void
  tryAgain(): void
}

/** What was done, and how it is undone. */
export interface AppliedAction {
  readonly conversations: number
  readonly undo: () => void
}

/** An action on all that match, done in parts. */
export interface Bulk {
  readonly action: Action
  /** it takes the action back */
  readonly undoes: boolean
  /** messages; null until it is known */
  readonly total: number | null
  readonly done: number
  /** of those, to which it was not done: the mail server refused, somebody else moved them, or they are still to be sent */
  readonly left: number
  /** of those, that are still to be sent */
  readonly held: number
  /** `stopped`: by the person */
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly trouble: Trouble | null
  stop(): void
  /** undoes what was done, in parts too; null if there is too much of it, or nothing */
  readonly undo: (() => void) | null
}

/** Changes that the mail server did not take; another object each time. */
export interface Refused {
  readonly trouble: Trouble
  /** `conflict`: somebody moved these meanwhile, and it stays so */
  readonly kind: 'refused' | 'conflict'
  readonly conversations: number
}

export interface Actions {
  /** Show it at once, and send it; survives a reload. Null if it changes nothing. */
  run(action: Action, threadIds: readonly string[]): AppliedAction | null
  /** Whether it leaves one of these conversations where it is because that is still to be sent. */
  isHeld(action: Action, threadIds: readonly string[]): boolean
  /** The same, to single messages. */
  runOnMessages(action: Action, messageIds: readonly string[]): AppliedAction | null
  /** To all that match the list that is shown: the query is taken, not the rows. One at a time. */
  runOnAll(action: Action): Bulk
  /** the one that runs, or ran last */
  readonly bulk: Bulk | null
  readonly refused: Refused | null
  /** What was refused last, once more. */
  again(): void
  /** actions that wait for the mail server */
  readonly waiting: number
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
  /** Where a file can be downloaded. */
  urlOf(file: Pick<Attachment, 'blobId' | 'name' | 'type'>): string
  /** Read a file, of whatever type its sender names: give it a type that nothing runs. Rejects with a `Trouble`. */
  download<T>(url: string, read: (response: Response) => Promise<T>, init?: RequestInit): Promise<T>
  /** Load the bodies of these messages, which does not mark them as read. Rejects with a `Trouble`. */
  bodies(messageIds: readonly string[]): Promise<void>
  /** Ask now for what could not be had: the conversation, or bodies. */
  tryAgain(): void
}

/** `polled`: the mail server reports no new mail, so it is looked for once a minute. */
export type Live = 'connecting' | 'live' | 'polled' | 'offline'

export interface Connection {
  readonly live: Live
  /** when it last was live */
  readonly since: Date | null
  readonly trouble: Trouble | null
  tryNow(): void
}

/** A new message. */
export interface News {
  readonly threadId: string
  readonly from: Person | null
  readonly subject: string
  readonly warning: boolean
}

export interface NewMail {
  /** on this device */
  level(): Promise<NotificationLevel>
  keep(level: NotificationLevel): Promise<void>
  /** Tell of new mail in the inbox, the newest message of each conversation. Of all tabs of this browser one is told. */
  listen(tell: (news: readonly News[], level: NotificationLevel) => void): void
}

export interface Quota {
  /** octets */
  readonly used: number
  readonly limit: number
}

export interface ListOptions {
  readonly filter?: Filter | null
  readonly sort?: Sort
}

/** Everything that the mail page stands on; made by the route, given to the views by context. */
export interface Mail {
  readonly address: string
  /** somebody is signed in, or was when this page was opened */
  readonly isKnown: boolean
  readonly mailboxes: Mailboxes
  readonly labels: Labels
  readonly list: ConversationList | null
  readonly reader: Reader
  /** What writing needs, loaded on use; the same each time. */
  compose(): Promise<Compose>
  /** What became of what was sent, loaded on use; the same each time. */
  sent(): Promise<Sent>
  /** drafts that the mail server lacks, messages that wait to be sent, and actions that cannot be sent */
  readonly unsent: number
  readonly connection: Connection
  readonly newMail: NewMail
  /** unread conversations in the inbox, also as another tab learnt it while this one is hidden */
  readonly unread: number
  readonly quota: Quota | null
  readonly trouble: Trouble | null
  readonly actions: Actions
  /** Show a mailbox; null for the inbox. Without `how`: all of it, the newest first. */
  show(mailboxId: string | null, how?: ListOptions): void
  /** Show the conversations of all mailboxes that match. */
  showAll(how: ListOptions): void
  /** remote pictures: whether this sender's may be shown, and to remember that they may */
  picturesAllowed(address: string): boolean
  allowPictures(address: string): Promise<void>
  /** senders whose message was reported as phishing: their pictures and links are blocked */
  isReported(address: string): boolean
  markReported(address: string, on: boolean): Promise<void>
  readonly savedSearches: readonly SavedSearch[]
  /** What searching needs, loaded on use; the same each time. */
  search(): Promise<Search>
  /** warnings: whether the person knows this very one, and to remember that they do */
  knowsWarning(warning: Warning): boolean
  knowWarning(warning: Warning): Promise<void>
  /** how the person wants the interface */
  readonly preferences: Preferences
  /** What a part of the page stands on; the same each time. It is made of the `PartContext` of `part-context.ts`, which knows this file. */
  part<T>(create: (context: never) => T): T
  /** The language was chosen on this device: let other devices know. If that fails, the next visit does it. */
  keepLanguage(): Promise<void>
  /** The page is left: end connections and timers. */
  stop(): void
}
