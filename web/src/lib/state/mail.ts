/**
 * What the mail views read. The classes beside this file (`mail.svelte.ts` and what it is made of) tell it; views know
 * nothing else of JMAP. Every getter of theirs is reactive: what it returns is replaced, never changed in place.
 */
import type { Filter, Sort } from '#lib/jmap/types.ts'
import type { Action } from '#lib/actions/domain/action.ts'
import type { Attachment } from '#lib/mail/attachment.ts'
import type { Person } from '#lib/mail/people.ts'
import type { Label, LabelColour } from '#lib/mail/label.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { NotificationLevel } from '#lib/sync/arriving-emails.ts'
import type { Message } from './message.ts'

export type { Body, Message } from './message.ts'
export type { Action, Attachment, Filter, Label, LabelColour, Person, Sort, Trouble, NotificationLevel }
export type { MailboxItem, Role } from './mailbox-items.ts'

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

/** `polled`: the mail server reports no new mail, so it is looked for once a minute. */
export type Live = 'connecting' | 'live' | 'polled' | 'offline'

/** A new message. */
export interface News {
  readonly threadId: string
  readonly from: Person | null
  readonly subject: string
  readonly warning: boolean
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
