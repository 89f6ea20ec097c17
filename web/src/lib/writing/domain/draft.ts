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
 * How far the sending has come. Each step is kept on this device before its request is made, so that the tab that continues
 * knows what may have been done.
 *
 * `waiting`: nothing was done. `storing`: the email may have been made. `stored`: it was made, and is not submitted.
 * `submitting`: it may have been submitted. `unknown`: nobody can tell whether it was; the person decides. `held`: it was
 * submitted, and can be canceled until it leaves. `undoing`: it may have been canceled. `returning`: it was canceled, or
 * reached nobody; its email may be in Sent, and must be moved back to Drafts.
 */
export type SendingStep = 'waiting' | 'storing' | 'stored' | 'submitting' | 'unknown' | 'held' | 'undoing' | 'returning'

export interface Sending {
  /** of the email that is sent, by which it is found again (RFC 5322 §3.6.4) */
  readonly messageId: string
  /** milliseconds since 1970: this device does not submit it before */
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
  readonly submittedAt: number | null
  /** the tab that takes the next step; another one must make itself the owner first (Drafts.update) */
  readonly owner: string
  /** when the owner took the last step */
  readonly steppedAt: number
  /** when the owner intends to continue; later another tab may make itself the owner, since that one may be frozen */
  readonly goesOnAt: number
  /** emails of this message whose submission was requested earlier, without a response: if one of them left, this does not */
  readonly late: readonly Id[]
  /** the person may have changed the message since those were submitted */
  readonly edited: boolean
  /** the person wants to undo the sending: it is not submitted, or its submission is canceled */
  readonly undo: boolean
  /** the person wants to send it once more, though nobody knows whether it left */
  readonly again: boolean
}

/** Why it was not sent. */
export interface Refusal {
  readonly code: string
  /** in the words of the mail server */
  readonly detail: string | null
  /** the person changed the message since: closed, it is a draft like others, also after a reload or in another tab */
  readonly corrected?: boolean
}

export interface StoredVersion {
  readonly emailId: Id
  readonly messageId: string
  /** of the draft, which this version holds; see `outdated` */
  readonly revision: number
  /** when it was stored: milliseconds since 1970 */
  readonly at: number
}

/** A draft as this device keeps it: while its window is open, until the mail server has all of it, or until it is sent. */
export interface KeptDraft {
  /** of this device; the same for all its versions */
  readonly id: string
  readonly draft: Draft
  /** grows by one with each change of the person; 0: they changed nothing yet */
  readonly revision: number
  /** when it was changed last: milliseconds since 1970 */
  readonly changedAt: number
  /** when its window was opened: milliseconds since 1970 */
  readonly openedAt: number
  /** the tab that writes it; what another tab has of it is older */
  readonly writer: string
  /** what the mail server has of it */
  readonly stored: StoredVersion | null
  /** a version that the mail server may have made: no response came. Each version has a Message-ID of its own. */
  readonly storing: {
    readonly messageId: string
    readonly revision: number
    /** a state of all emails before that request (RFC 8620 §5.2) */
    readonly since?: string | null
  } | null
  readonly sending: Sending | null
  /** why it was not sent */
  readonly refusal: Refusal | null
  /** emails that may have been submitted: nobody knew, and the person kept the draft */
  readonly maybeSubmitted?: readonly Id[]
  /** another device changed or sent it meanwhile: both versions are kept */
  readonly conflict: 'changed' | 'sent' | null
  /** the person closed its window: it is removed from this device once the mail server has all of it */
  readonly closed: boolean
  /** when the person discarded it, which can be undone for a while: milliseconds since 1970 */
  readonly discardedAt: number | null
}

/** A version at the mail server that must be replaced, whatever the draft's revision is. */
const OUTDATED = -1

export function outdated(stored: StoredVersion | null): StoredVersion | null {
  return stored && { ...stored, revision: OUTDATED }
}

export function isOutdated({ stored }: KeptDraft): boolean {
  return stored?.revision === OUTDATED
}

/** The mail server has what is written. */
export function isStored({ stored, storing, revision }: KeptDraft): boolean {
  return storing === null && stored?.revision === revision
}

/** A draft whose window was opened a moment ago: nothing of it is stored, and the person wrote nothing yet. */
export function newlyKept(id: string, draft: Draft, { writer, now }: { writer: string; now: number }): KeptDraft {
  const unknown = { stored: null, storing: null, sending: null, refusal: null, conflict: null, discardedAt: null }
  return { id, draft, revision: 0, changedAt: now, openedAt: now, writer, closed: false, ...unknown }
}

/** Whether the mail server lacks something of it that the person wants to keep or to send. */
export function isUnsent({ draft, revision, stored, sending, discardedAt }: KeptDraft): boolean {
  const lacks = stored?.revision !== revision || draft.files.some(({ blobId }) => blobId === null)
  // What the mail server holds, it sends by itself.
  const waits = sending !== null && (sending.step !== 'held' || sending.undo)
  return discardedAt === null && (waits || (revision > 0 && lacks))
}

export type SendingStatus = 'writing' | 'waiting' | 'sending' | 'unknown'

/** `isWaiting`: something keeps it from being sent now. */
export function statusOf(sending: Sending | null | undefined, isWaiting: boolean): SendingStatus {
  if (!sending) {
    return 'writing'
  }
  return sending.step === 'unknown' && !sending.again ? 'unknown' : isWaiting ? 'waiting' : 'sending'
}

/** Code of a refusal: the mail server does not have the files any more. */
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
