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

/** How far the sending has come; each step is kept on this device before the request is sent that belongs to it. */
export interface Sending {
  /** of the email that is sent, by which it is known again (RFC 5322 §3.6.4) */
  readonly messageId: string
  /** milliseconds since 1970: it is not handed over before, because this device waits, or leaves sooner at the mail server */
  readonly dueAt: number
  /** seconds for which the mail server is asked to hold it (RFC 4865, HOLDFOR); 0 for not at all */
  readonly holdFor: number
  /**
   * `waiting`: nothing was handed over. `storing`: the email may have been made. `stored`: it was made, and is not
   * submitted. `submitting`: it may have been submitted. `unknown`: nobody can tell; the person decides.
   */
  readonly step: 'waiting' | 'storing' | 'stored' | 'submitting' | 'unknown'
  /** of the email that is sent, once it is made */
  readonly emailId: Id | null
}

/** A draft as this device keeps it: while its window is open, until the mail server has all of it, or until it is sent. */
export interface KeptDraft {
  /** of this device; the same for all its versions */
  readonly id: string
  readonly draft: Draft
  /** grows by one with each change */
  readonly revision: number
  /** when it was changed last: milliseconds since 1970 */
  readonly changedAt: number
  /** what the mail server has of it */
  readonly stored: { readonly emailId: Id; readonly revision: number; readonly at: number } | null
  /** what the mail server may have made of it: no response came. Each version has a Message-ID of its own. */
  readonly storing: { readonly messageId: string; readonly revision: number } | null
  readonly sending: Sending | null
  /** the person closed its window: it is removed from this device once the mail server has all of it */
  readonly closed: boolean
}

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
