/** What the views of writing read and do. Everything of it is loaded on first use: `mail.compose()`. */
import type { Held } from '#lib/writing/domain/sending.ts'
import type { Draft, DraftFile, Recipient, SendingStatus } from '#lib/writing/domain/draft.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { IdentitiesState } from './identities.svelte.ts'
import type { Message } from '#lib/state/message.ts'

export type { Draft, DraftFile, Recipient }

/** `device`: kept on this device alone: why, if it is not just that nobody can be reached. `failed`: the text would be
 * lost with the page. */
export type SaveState =
  | { readonly kind: 'empty' | 'saving' }
  | { readonly kind: 'device'; readonly trouble: Trouble | null }
  | { readonly kind: 'saved'; readonly at: Date }
  | { readonly kind: 'failed'; readonly trouble: Trouble }

export type FileState =
  | { readonly kind: 'ready' }
  /** `done`: from 0 to 1 */
  | { readonly kind: 'uploading'; readonly done: number }
  | { readonly kind: 'failed'; readonly trouble: Trouble }

export interface Identity {
  readonly id: string
  readonly name: string
  readonly address: string
  /** what stands below what is written; empty for nothing */
  readonly textSignature: string
  readonly htmlSignature: string
}

/** Why it is not sent yet: the views ask, and send with `anyway`. */
export type Objection =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'not_addresses'; readonly recipients: readonly Recipient[] }
  | { readonly kind: 'uploading' | 'upload_failed'; readonly files: readonly DraftFile[] }
  /** `word`: what mentions an attachment */
  | { readonly kind: 'no_attachment'; readonly word: string }
  | { readonly kind: 'no_subject' }

export interface SendOptions {
  /** send later */
  readonly at?: Date
  /** although an attachment or the subject is missing */
  readonly anyway?: boolean
}

/** An open draft: one window. */
export interface Composition {
  readonly id: string
  readonly draft: Draft
  readonly save: SaveState
  /** another tab writes it: this one shows it, read-only, until `takeOver` */
  readonly elsewhere: boolean
  /** `changed`: another device changed it too, and both versions are kept. `sent`: another one sent it. */
  readonly conflict: 'changed' | 'sent' | null
  /** why it was not sent */
  readonly trouble: Trouble | null
  /** `unknown`: nobody knows whether it left; the person chooses `sendAgain` or `keepDraft`. `waiting`: for the connection */
  readonly status: SendingStatus
  change(changes: Partial<Draft>): void
  /** Upload files; within the text they must be pictures. Returns those that are taken; the others are told by `refusals`. */
  attach(files: readonly File[], within?: 'text'): readonly DraftFile[]
  fileState(fileId: string): FileState
  /** where this device has its content, for a picture in the text; null if it must be loaded from the mail server first */
  urlOf(fileId: string): string | null
  uploadAgain(fileId: string): void
  /** ends its upload */
  detach(fileId: string): void
  /** files that were not taken, and why */
  readonly refusals: readonly { readonly name: string; readonly trouble: Trouble }[]
  /** What speaks against sending it; null: it is on its way, and the window is closed. */
  send(options?: SendOptions): Promise<Objection | null>
  /** of status `unknown` */
  sendAgain(): void
  keepDraft(): void
  takeOver(): void
  /** Put it on this device as it is, so that another tab can take it over: also one in which nothing was changed yet. */
  keep(): void
  /** The person has read why it was not sent. */
  dismiss(): void
  /** Save it and close its window. */
  close(): void
  /** Returns how to undo that. */
  discard(): () => void
}

export type Start =
  | { readonly kind: 'new'; readonly to?: readonly Recipient[] }
  | { readonly kind: 'mailto'; readonly url: string }
  | { readonly kind: 'reply' | 'replyAll' | 'forward' | 'forwardAsAttachment'; readonly message: Message }
  /** a draft that the mail server has */
  | { readonly kind: 'edit'; readonly emailId: string }
  /** one that this device keeps: of `unsentDrafts`, or of a window in another tab */
  | { readonly kind: 'kept'; readonly id: string }
  /** what some did not get, to them once more */
  | { readonly kind: 'resend'; readonly message: Message; readonly to: readonly Recipient[] }

/** A message that is being sent: the person can undo that until it leaves. */
export interface OutgoingMessage {
  /** of the draft */
  readonly id: string
  /** of the email that is sent, once it is made */
  readonly emailId?: string | null
  readonly to: readonly Recipient[]
  readonly subject?: string
  /** when it leaves */
  readonly at: Date
  /** `tab`: this one must stay open. `connection`, `session`: it waits for one. null: it leaves by itself. */
  readonly needs: 'tab' | 'connection' | 'session' | null
  /** chosen by the person: send later */
  readonly scheduled: boolean
  /** Resolves to its draft, which is open again, or to null: it is too late. Rejects with a `Trouble`. */
  undo(): Promise<Composition | null>
}

/** What happened to a message whose window is closed, to be told once; another object each time. */
export type Outcome =
  | { readonly kind: 'sent'; readonly to: readonly Recipient[] }
  /** its window is open again, and says why, or that nobody knows whether it left */
  | { readonly kind: 'not_sent'; readonly composition: Composition }

/** A draft of this device whose window is closed, and which the mail server lacks, or has not sent. */
export interface UnsentDraft {
  readonly id: string
  readonly draft: Draft
  readonly changedAt: Date
  readonly state: 'device' | 'waiting' | 'unknown' | 'not_sent'
  /** of the version that the mail server has */
  readonly emailId: string | null
}

/** `members`: it is a group without an address of its own; who takes it puts all of them in. */
export interface Suggestion extends Recipient {
  readonly members?: readonly Recipient[]
  /** as whom it is taken, although it is somebody else's address */
  readonly imitates?: string | null
}

export interface Compose {
  /** by the time at which they were opened */
  readonly open: readonly Composition[]
  /** What was open when the page was left is open again. */
  readonly isResumed: boolean
  start(start: Start): Promise<Composition>
  readonly identities: readonly Identity[]
  /** The same, to be changed in the settings; the same each time. */
  ownIdentities(): IdentitiesState
  /** the mail server holds mail that is sent later, for at most so many seconds; 0: it cannot */
  readonly maxDelay: number
  /** octets of a file, and of all files of a message, that the mail server takes */
  readonly maxFile: number
  readonly maxFiles: number
  readonly outgoing: readonly OutgoingMessage[]
  /** Undo the sending of what another device sent and the mail server holds, like `undo` of an outgoing message. */
  undoHeld(held: Held): Promise<Composition | null>
  readonly outcome: Outcome | null
  /** people whom one writes to, the best matches first */
  suggest(text: string, except: readonly Recipient[]): Promise<readonly Suggestion[]>
  /** drafts of this device that the mail server lacks, and messages that wait to be sent */
  readonly unsent: number
  readonly unsentDrafts: readonly UnsentDraft[]
}
