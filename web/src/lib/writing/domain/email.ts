/** A draft → the Email that is created of it (RFC 8621 §4.6). */
import type { Draft, DraftFile } from '#lib/writing/domain/draft.ts'
import type { Arguments, EmailAddress, Id } from '#lib/jmap/types.ts'
import { sentAddress } from './address.ts'
import { DRAFT_HEADER, draftHeader } from './draft-header.ts'
import { isMessageId, oneLine, plainLines } from './field.ts'
import { cidsIn } from './pictures.ts'
import { everybody, notAddresses } from './addressees.ts'
import { replyHeaders } from './reply-headers.ts'
import { textOfHtml } from './text-of-html.ts'
import { wrapped } from './whole-html.ts'

export interface Envelope {
  readonly from: EmailAddress
  readonly replyTo?: readonly EmailAddress[]
  readonly messageId: string
  readonly mailboxIds: readonly Id[]
  readonly keywords: readonly string[]
  readonly sentAt: Date
  /** `send`: it is the email that leaves, with nothing in it that only its writer needs */
  readonly purpose: 'draft' | 'send'
}

/** It cannot be sent as it is. Whoever sends asks `notAddresses` before. */
export class UnfinishedDraft extends Error {}

/** RFC 8098 §2.1 */
const RECEIPT_HEADER = 'header:Disposition-Notification-To:asAddresses'

type Part = Arguments

/** Raises `UnfinishedDraft` if it cannot be sent. */
export function emailOf(draft: Draft, envelope: Envelope): Arguments {
  const isSent = envelope.purpose === 'send'
  if (isSent && !isFinished(draft)) {
    throw new UnfinishedDraft('no recipient, one that is no address, or a file that is not uploaded')
  }
  const { parts, values } = body(draft)
  const sender = address(envelope.from.name, envelope.from.email)
  return {
    mailboxIds: Object.fromEntries(envelope.mailboxIds.map((id) => [id, true])),
    keywords: Object.fromEntries(envelope.keywords.map((keyword) => [keyword, true])),
    from: [sender],
    ...(envelope.replyTo?.length ? { replyTo: envelope.replyTo.map(({ name, email }) => address(name, email)) } : {}),
    ...recipients(draft),
    subject: oneLine(draft.subject),
    messageId: [envelope.messageId],
    ...parentHeaders(draft),
    sentAt: envelope.sentAt.toISOString().replace(/\.\d+Z$/u, 'Z'),
    ...(draft.receipt ? { [RECEIPT_HEADER]: [{ ...sender, name: null }] } : {}),
    ...(isSent ? {} : { [DRAFT_HEADER]: draftHeader(draft) }),
    bodyStructure: parts,
    bodyValues: values
  }
}

function isFinished(draft: Draft): boolean {
  return everybody(draft).length > 0 && notAddresses(draft).length === 0 && sentFiles(draft).every(isStored)
}

/** Files that belong to the message: a picture that was taken out of the text does not. */
export function sentFiles(draft: Draft): DraftFile[] {
  const used = new Set(draft.format === 'rich' ? cidsIn(draft.html) : [])
  return draft.files.filter(({ cid }) => cid === null || used.has(cid))
}

function isStored({ blobId }: DraftFile): boolean {
  return blobId !== null
}

/**
 * Those that are no addresses stand in a header of drafts alone (`draftHeader`): a mail server need not take them. Domains are
 * written in the letters of DNS: not every server turns them into these.
 */
function recipients(draft: Draft): Arguments {
  const lacking = new Set(notAddresses(draft))
  const fields = (['to', 'cc', 'bcc'] as const).map((field) => {
    const people = draft[field].filter((each) => !lacking.has(each))
    return [field, people.map((each) => address(each.name, each.address))]
  })
  return Object.fromEntries(fields.filter(([, addresses]) => addresses?.length)) as Arguments
}

function address(name: string | null, email: string): EmailAddress {
  return { name: oneLine(name ?? '') || null, email: sentAddress(oneLine(email)) }
}

/** A forwarded message stands in the conversation, but is not answered (RFC 5322 §3.6.4). */
function parentHeaders({ parent }: Draft): Arguments {
  if (!parent) {
    return {}
  }
  const { inReplyTo, references } = replyHeaders({
    messageId: parent.messageId.filter(isMessageId),
    references: parent.references.filter(isMessageId)
  })
  return { ...(inReplyTo && parent.kind === 'reply' ? { inReplyTo } : {}), ...(references ? { references } : {}) }
}

/** Text and HTML are alternatives; pictures belong to the HTML (RFC 2387); all else is attached. */
function body(draft: Draft): { parts: Part; values: Arguments } {
  const files = sentFiles(draft).filter(isStored)
  const attached = files.filter(({ cid }) => cid === null).map(filePart)
  const pictures = files.filter(({ cid }) => cid !== null).map(filePart)
  const isRich = draft.format === 'rich'
  const text = { partId: 'text', type: 'text/plain' }
  const html = { partId: 'html', type: 'text/html' }
  const shown = pictures.length > 0 ? { type: 'multipart/related', subParts: [html, ...pictures] } : html
  const written = isRich ? { type: 'multipart/alternative', subParts: [text, shown] } : text
  return {
    parts: attached.length > 0 ? { type: 'multipart/mixed', subParts: [written, ...attached] } : written,
    values: {
      text: { value: plainLines(isRich ? textOfHtml(draft.html) : draft.text) },
      ...(isRich ? { html: { value: wrapped(plainLines(draft.html)) } } : {})
    }
  }
}

function filePart({ blobId, name, type, charset = '', cid }: DraftFile): Part {
  const said = oneLine(name)
  return {
    blobId,
    type: mediaType(type),
    ...(/^text\//iu.test(type) && /^[\w.:+-]{1,40}$/u.test(charset) ? { charset } : {}),
    ...(said ? { name: said } : {}),
    ...(cid === null ? {} : { cid }),
    disposition: cid === null ? 'attachment' : 'inline'
  }
}

/**
 * RFC 6838 §4.2. A file of the type multipart/… would be read as parts. One of message/… must not be encoded (RFC 2046
 * §5.2), but Stalwart writes it in base64, which Python and Cyrus do not decode there: the recipient would see letters and
 * digits. As a file with the extension .eml it opens everywhere.
 */
function mediaType(type: string): string {
  const [essence = ''] = type.toLowerCase().split(';')
  const isOne = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/u.test(essence.trim())
  return isOne && !/^(?:multipart|message)\//u.test(essence.trim()) ? essence.trim() : 'application/octet-stream'
}
