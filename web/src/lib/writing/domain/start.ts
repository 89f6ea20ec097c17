/** Drafts as they begin: empty, a reply, a message that is forwarded. */
import { EMPTY, type Draft, type DraftFile, type Parent, type Recipient } from '#lib/writing/domain/draft.ts'
import { baseSubject } from '#lib/mail/base-subject.ts'
import { emlName } from '#lib/mail/file-names.ts'
import { blocks, EMPTY_LINE } from './html-of-text.ts'
import { mailtoOf } from './mailto.ts'
import type { ParentMessage } from './parent-message.ts'
import { cidsIn, renamedPictures } from './pictures.ts'
import {
  fileOf,
  forwardedHtml,
  forwardedText,
  quotedHtml,
  quotedText,
  type QuotedHtml,
  type Quoting
} from './quoting.ts'
import { identityFor, recipient, replyAllTo, replyTo } from './reply.ts'
import { withRecipients } from './addressees.ts'
import { exchangeSignature, type Signature } from './signature.ts'
import { unwrapped } from './whole-html.ts'

export interface SenderIdentity extends Signature {
  readonly id: string
  readonly name: string
  readonly address: string
}

/** Who writes, and how. */
export interface Self extends Quoting {
  /** the account's own first */
  readonly identities: readonly SenderIdentity[]
  /** the id of the one that the person prefers; null: the account's own */
  readonly preferred?: string | null
  readonly format: 'rich' | 'plain'
  /** `cleanHtml` */
  clean(html: string): string
}

export function draftOfNew(to: readonly Recipient[], self: Self): Draft {
  return begun(self, preferredOf(self), { to })
}

/** Null if it is no `mailto:` address. */
export function draftOfMailto(url: string, self: Self): Draft | null {
  const found = mailtoOf(url)
  if (!found) {
    return null
  }
  const { body, ...head } = found
  return begun(self, preferredOf(self), head, body === '' ? undefined : body)
}

export function draftOfReply(message: ParentMessage, all: boolean, self: Self): Draft {
  const { to, cc } = all ? replyAllTo(message) : { to: replyTo(message).map(recipient), cc: [] }
  const quote = self.format === 'rich' ? quotedHtml(message, self) : quotedText(message, self)
  const head = {
    to: withRecipients([], to),
    cc,
    subject: replySubject(message.subject),
    parent: parentOf(message, 'reply')
  }
  return quoting(begun(self, senderFor(message, self), head), quote)
}

/** Its text and its files, to be edited. */
export function draftOfForward(message: ParentMessage, self: Self): Draft {
  const quote = self.format === 'rich' ? forwardedHtml(message, self) : forwardedText(message, self)
  const draft = quoting(forward(message, self), quote)
  return { ...draft, files: [...draft.files, ...message.attachments.map((each) => fileOf(each, self.newId()))] }
}

/** The whole message as it came, with its headers (RFC 2046 §5.2.1). */
export function draftOfForwardAsAttachment(message: ParentMessage, self: Self): Draft {
  const { blobId, size, subject } = message
  const file: DraftFile = { id: self.newId(), name: emlName(subject), type: 'message/rfc822', size, blobId, cid: null }
  return { ...forward(message, self), files: [file] }
}

/** The same message once more, to those who did not get it: as it was written, without a signature that it may have. */
export function draftOfResend(message: ParentMessage, to: readonly Recipient[], self: Self): Draft {
  const html = message.body?.html ?? null
  const { html: shown, files } =
    html === null ? { html: '', files: [] } : sentHtml(message, self.clean(unwrapped(html)), self)
  const parent = message.references.at(-1)
  return {
    ...EMPTY,
    identityId: identityFor({ ...message, own: true }, self.identities)?.id ?? null,
    to,
    subject: message.subject,
    format: html === null ? 'plain' : 'rich',
    html: shown,
    text: html === null ? (message.body?.text ?? '') : '',
    files: [...files, ...message.attachments.map((each) => fileOf(each, self.newId()))],
    parent: parent
      ? { kind: 'reply', emailId: null, messageId: [parent], references: message.references.slice(0, -1) }
      : null
  }
}

function sentHtml(message: ParentMessage, html: string, self: Self): QuotedHtml {
  const files = cidsIn(html).flatMap((cid) => {
    const picture = message.body?.inline.get(cid)
    return picture ? [{ before: cid, file: { ...fileOf(picture, self.newId()), cid: self.newCid() } }] : []
  })
  const names = new Map(files.map(({ before, file }) => [before, file.cid]))
  return { html: renamedPictures(html, names), files: files.map(({ file }) => file) }
}

function forward(message: ParentMessage, self: Self): Draft {
  const head = { subject: forwardSubject(message.subject), parent: parentOf(message, 'forward') }
  return begun(self, senderFor(message, self), head)
}

function preferredOf({ identities, preferred }: Self): SenderIdentity | null {
  return identities.find(({ id }) => id === preferred) ?? null
}

/** Several may have the address to which it was sent: the preferred one counts. */
function senderFor(message: ParentMessage, self: Self): SenderIdentity | null {
  const preferred = preferredOf(self)
  return identityFor(message, preferred ? [preferred, ...self.identities] : self.identities) ?? preferred
}

function parentOf({ id, messageId, references }: ParentMessage, kind: Parent['kind']): Parent {
  return { kind, emailId: id, messageId, references }
}

/** An empty draft, or one with a text, and the signature below. */
function begun(self: Self, identity: SenderIdentity | null, head: Partial<Draft>, text = ''): Draft {
  const isRich = self.format === 'rich'
  const draft: Draft = {
    ...EMPTY,
    ...head,
    identityId: identity?.id ?? null,
    format: self.format,
    html: !isRich ? '' : text === '' ? EMPTY_LINE : blocks(text.split('\n')),
    text: isRich ? '' : text
  }
  return exchangeSignature(draft, null, identity ?? self.identities[0] ?? null, (html) => self.clean(html))
}

function quoting(draft: Draft, quote: QuotedHtml | string): Draft {
  return typeof quote === 'string'
    ? { ...draft, text: `${draft.text.trimEnd()}\n\n${quote}\n` }
    : { ...draft, html: `${draft.html}${EMPTY_LINE}${quote.html}`, files: [...draft.files, ...quote.files] }
}

/** One prefix, whatever other programs and languages put in front. */
export function replySubject(subject: string): string {
  return `Re: ${baseSubject(subject)}`
}

export function forwardSubject(subject: string): string {
  return `Fwd: ${baseSubject(subject)}`
}
