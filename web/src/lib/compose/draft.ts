/** A message that is being written. It is never changed in place. */
import type { Id } from '#lib/jmap/types.ts'

/** `address` is what was typed, which may be no address yet. */
export interface Recipient {
  readonly name: string
  readonly address: string
}

export interface DraftFile {
  /** of this device */
  readonly id: string
  readonly name: string
  readonly type: string
  /** in which its text is written, if that is known */
  readonly charset?: string
  /** octets */
  readonly size: number
  /** null until the mail server has it */
  readonly blobId: Id | null
  /** Content-ID of a picture in the text, without angle brackets; null for an attachment */
  readonly cid: string | null
}

/** The message that is replied to or forwarded. */
export interface Parent {
  readonly kind: 'reply' | 'forward'
  /** null: a draft of another program tells only the Message-ID */
  readonly emailId: Id | null
  readonly messageId: readonly string[]
  readonly references: readonly string[]
}

export interface Draft {
  /** null: the identity of the account's own address */
  readonly identityId: Id | null
  readonly to: readonly Recipient[]
  readonly cc: readonly Recipient[]
  readonly bcc: readonly Recipient[]
  readonly subject: string
  readonly format: 'rich' | 'plain'
  /** what the editor holds, sanitized: pictures refer to files by `cid:`; empty if plain */
  readonly html: string
  /** empty if rich: the text is made of the HTML when it is stored */
  readonly text: string
  readonly files: readonly DraftFile[]
  readonly parent: Parent | null
  /** Disposition-Notification-To is set (RFC 8098 §2.1) */
  readonly receipt: boolean
}

/**
 * How far the sending has come: each step is kept on this device before its request is sent, so that whoever goes on knows
 * what may have been done.
 *
 * `waiting`: nothing was handed over. `storing`: the email may have been made. `stored`: it was made, and is not submitted.
 * `submitting`: it may have been submitted. `unknown`: nobody can tell; the person decides. `held`: it was submitted; until
 * it leaves, it can be taken back. `undoing`: it may have been taken back. `returning`: it was, or reached nobody: its email
 * lies among the sent ones, perhaps, and must go back to the drafts.
 */
export type SendingStep = 'waiting' | 'storing' | 'stored' | 'submitting' | 'unknown' | 'held' | 'undoing' | 'returning'

export interface Sending {
  /** of the email that is sent, by which it is known again (RFC 5322 §3.6.4) */
  readonly messageId: string
  /** milliseconds since 1970: this device does not hand it over before */
  readonly dueAt: number
  /** seconds for which the mail server is asked to hold it at least (RFC 4865, HOLDFOR); 0 for not at all */
  readonly holdFor: number
  /** when it is to leave, if the person chose it (send later): milliseconds since 1970 */
  readonly leaveAt: number | null
  readonly step: SendingStep
  /** a state of all emails before it was made (RFC 8620 §5.2) */
  readonly since?: string | null
  /** of the email that is sent, once it is made */
  readonly emailId: Id | null
  readonly submissionId: Id | null
  /** when its submission was requested, by the clock of this device */
  readonly handedAt: number | null
  /** the tab that takes the next step: no other one does, until it makes itself the owner (Drafts.update) */
  readonly owner: string
  /** when the owner took the last step */
  readonly steppedAt: number
  /** when the owner means to go on; later than that another tab may make itself the owner, for that one may be frozen */
  readonly goesOnAt: number
  /** what was handed over before, of which nobody knew what became: if one of them left after all, this does not leave */
  readonly late: readonly Id[]
  /** the person may have changed it since those were handed over */
  readonly edited: boolean
  /** the person wants it back: it is not handed over, or taken back */
  readonly undo: boolean
  /** the person wants it to be sent once more, though nobody knows whether it left */
  readonly again: boolean
}

/** Why it was not sent. */
export interface Refusal {
  readonly code: string
  /** in the words of the mail server */
  readonly detail: string | null
}

export interface StoredVersion {
  readonly emailId: Id
  readonly messageId: string
  readonly revision: number
  readonly at: number
}

/** A draft as this device keeps it: while its window is open, until the mail server has all of it, or until it is sent. */
export interface KeptDraft {
  /** of this device; the same for all its versions */
  readonly id: string
  readonly draft: Draft
  /** grows by one with each change of the person; 0: nothing of it is theirs yet */
  readonly revision: number
  /** when it was changed last: milliseconds since 1970 */
  readonly changedAt: number
  /** when its window was opened: milliseconds since 1970 */
  readonly openedAt: number
  /** the tab that writes it: what another one holds is older */
  readonly writer: string
  /** what the mail server has of it */
  readonly stored: StoredVersion | null
  /** what the mail server may have made of it: no response came. Each version has a Message-ID of its own. */
  readonly storing: {
    readonly messageId: string
    readonly revision: number
    /** a state of all emails before that request (RFC 8620 §5.2) */
    readonly since?: string | null
  } | null
  readonly sending: Sending | null
  /** why it was not sent */
  readonly refusal: Refusal | null
  /** emails that were handed over, perhaps: the person kept the draft, since nobody knew */
  readonly handedOver?: readonly Id[]
  /** another device changed or sent it meanwhile: both versions are kept */
  readonly conflict: 'changed' | 'sent' | null
  /** the person closed its window: it is removed from this device once the mail server has all of it */
  readonly closed: boolean
  /** when the person discarded it, which can be taken back for a while: milliseconds since 1970 */
  readonly discardedAt: number | null
}

/** The mail server has what is written. */
export function isStored({ stored, storing, revision }: KeptDraft): boolean {
  return storing === null && stored?.revision === revision
}

/** A draft whose window was opened a moment ago: nothing of it is stored, or the person's. */
export function newlyKept(id: string, draft: Draft, { writer, now }: { writer: string; now: number }): KeptDraft {
  const unknown = { stored: null, storing: null, sending: null, refusal: null, conflict: null, discardedAt: null }
  return { id, draft, revision: 0, changedAt: now, openedAt: now, writer, closed: false, ...unknown }
}

/** Whether the mail server lacks something of it that the person wants to keep, or to be sent. */
export function isUnsent({ draft, revision, stored, sending, discardedAt }: KeptDraft): boolean {
  const lacks = stored?.revision !== revision || draft.files.some(({ blobId }) => blobId === null)
  // What the mail server holds, it sends by itself.
  const waits = sending !== null && (sending.step !== 'held' || sending.undo)
  return discardedAt === null && (waits || (revision > 0 && lacks))
}

/** Code of a refusal for files that the mail server has no more. */
export const FILES_GONE = 'blobNotFound'

export const EMPTY: Draft = {
  identityId: null,
  to: [],
  cc: [],
  bcc: [],
  subject: '',
  format: 'rich',
  html: '',
  text: '',
  files: [],
  parent: null,
  receipt: false
}

/** An empty draft with a line to write in. */
export const NEW: Draft = { ...EMPTY, html: '<div><br></div>' }
