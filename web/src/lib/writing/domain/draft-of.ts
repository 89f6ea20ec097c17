/** An Email of the mail server → the draft that it is: ours, or that of another program. */
import type { Draft, DraftFile, Parent, Recipient } from '#lib/writing/domain/draft.ts'
import type { BodyPart, EmailAddress, Id } from '#lib/jmap/types.ts'
import { fileName } from '#lib/mail/honest-name.ts'
import { isAddress, sameAddress } from './address.ts'
import { DRAFT_HEADER, readDraftHeader, type OwnHeader } from './draft-header.ts'
import { isMessageId } from './field.ts'
import { htmlOfText } from './html-of-text.ts'
import { cidsIn, cidUrl, renamedPictures } from './pictures.ts'
import { SIGNATURE_LINE } from './text-of-html.ts'
import { unwrapped } from './whole-html.ts'

const FORWARDED = 'header:X-Forwarded-Message-Id:asMessageIds'
// As they were sent (`:asRaw`): Stalwart leaves that out of the name in its response.
const RECEIPT = 'header:Disposition-Notification-To'
const CONTENT_TYPE = 'header:Content-Type'

/** What is asked for, with all body values and `DRAFT_BODY_PROPERTIES`. */
export const DRAFT_PROPERTIES: readonly string[] = [
  ...['id', 'from', 'to', 'cc', 'bcc', 'subject', 'inReplyTo', 'references', 'messageId'],
  ...['textBody', 'htmlBody', 'attachments', 'bodyValues', DRAFT_HEADER, FORWARDED, RECEIPT]
]
/** For `rebound`. */
export const DRAFT_FILES: readonly string[] = ['id', 'textBody', 'htmlBody', 'attachments']
export const DRAFT_BODY_PROPERTIES: readonly string[] = [
  ...['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid', CONTENT_TYPE]
]

export type DraftPart = BodyPart & { readonly [CONTENT_TYPE]?: string | null }

export interface DraftParts {
  readonly textBody: readonly DraftPart[]
  readonly htmlBody: readonly DraftPart[]
  readonly attachments: readonly DraftPart[]
}

export interface DraftEmail extends DraftParts {
  readonly id: Id
  readonly from: readonly EmailAddress[] | null
  readonly to: readonly EmailAddress[] | null
  readonly cc: readonly EmailAddress[] | null
  readonly bcc: readonly EmailAddress[] | null
  readonly subject: string | null
  readonly inReplyTo: readonly string[] | null
  readonly references: readonly string[] | null
  readonly bodyValues: Readonly<Record<string, { readonly value: string }>>
  readonly [DRAFT_HEADER]?: string | null
  readonly [FORWARDED]?: readonly string[] | null
  readonly [RECEIPT]?: string | null
}

export interface Opening {
  readonly identities: readonly { readonly id: Id; readonly name: string; readonly address: string }[]
  newId(): string
  /** without angle brackets */
  newCid(): string
  /** `cleanHtml`: a draft may be that of a stranger, whose message was imported */
  clean(html: string): string
}

export function draftOf(email: DraftEmail, opening: Opening): Draft {
  const own = readDraftHeader(email[DRAFT_HEADER])
  return {
    identityId: identityOf(email, own, opening),
    to: recipients(email, own, 'to'),
    cc: recipients(email, own, 'cc'),
    bcc: recipients(email, own, 'bcc'),
    subject: email.subject ?? '',
    ...content(email, opening),
    parent: parentOf(email, own),
    receipt: Boolean(email[RECEIPT])
  }
}

function identityOf(email: DraftEmail, own: OwnHeader | null, { identities }: Opening): Id | null {
  if (own) {
    return identities.some(({ id }) => id === own.identityId) ? own.identityId : null
  }
  const from = email.from?.[0]
  const same = identities.filter(({ address }) => sameAddress(address, from?.email ?? ''))
  return (same.find(({ name }) => name === (from?.name ?? '')) ?? same[0])?.id ?? null
}

function recipients(email: DraftEmail, own: OwnHeader | null, field: 'to' | 'cc' | 'bcc'): Recipient[] {
  const people = (email[field] ?? []).map(({ name, email: address }) => ({ name: name?.trim() ?? '', address }))
  // In their order: each place counts those before it.
  const words = own?.words.filter((word) => word.field === field).sort((one, other) => one.at - other.at) ?? []
  words.forEach(({ at, recipient }) => {
    const isThere = isAddress(recipient.address) && sameAddress(people[at]?.address ?? '', recipient.address)
    people.splice(at, isThere ? 1 : 0, recipient)
  })
  return people
}

function parentOf(email: DraftEmail, own: OwnHeader | null): Parent | null {
  const references = (email.references ?? []).filter(isMessageId)
  const answered = (email.inReplyTo ?? []).filter(isMessageId)
  const forwarded = (email[FORWARDED] ?? []).filter(isMessageId)
  const kind = own ? own.parent?.kind : answered.length > 0 ? 'reply' : forwarded.length > 0 ? 'forward' : undefined
  if (!kind) {
    return null
  }
  const last = forwarded.length > 0 ? forwarded : references.slice(-1)
  const messageId = kind === 'reply' ? answered : last
  return {
    kind,
    emailId: own?.parent?.emailId ?? null,
    messageId,
    references: references.filter((id) => !messageId.includes(id))
  }
}

function content(email: DraftEmail, opening: Opening): Pick<Draft, 'format' | 'html' | 'text' | 'files'> {
  const isRich = email.htmlBody.some(({ type }) => type === 'text/html')
  const written = isRich ? opening.clean(email.htmlBody.map((part) => htmlOf(email, part)).join('')) : ''
  const shown = new Set(cidsIn(written))
  const names = new Map<string, string>()
  const files = fileParts(email).map((part) => {
    const cid = part.cid !== null && shown.has(part.cid) && !names.has(part.cid) ? part.cid : null
    // The Content-ID of a stranger may be anything; ours may not.
    if (cid !== null) names.set(cid, isMessageId(cid) ? cid : opening.newCid())
    return fileOf(part, opening.newId(), cid === null ? null : (names.get(cid) ?? null))
  })
  return {
    format: isRich ? 'rich' : 'plain',
    html: isRich ? renamedPictures(written, names) : '',
    text: isRich ? '' : email.textBody.map((part) => textOf(email, part)).join('\n'),
    files
  }
}

/** Apple Mail puts pictures and texts between parts of HTML. */
function htmlOf(email: DraftEmail, part: DraftPart): string {
  if (part.type === 'text/html') {
    return unwrapped(email.bodyValues[part.partId ?? '']?.value ?? '')
  }
  if (part.type === 'text/plain') {
    return htmlOfText(textOf(email, part))
  }
  return part.cid !== null && isMessageId(part.cid) ? `<img src="${cidUrl(part.cid)}">` : ''
}

function textOf(email: DraftEmail, part: DraftPart): string {
  const text = part.type.startsWith('text/') ? (email.bodyValues[part.partId ?? '']?.value ?? '') : ''
  return unflowed(text.replace(/\r\n?/gu, '\n'), part[CONTENT_TYPE] ?? '')
}

/** Everything that is no text of the draft, each once: pictures may stand among its texts, too (RFC 8621 §4.1.4). */
function fileParts({ textBody, htmlBody, attachments }: DraftParts): DraftPart[] {
  const isFile = ({ type }: DraftPart): boolean => !type.startsWith('text/')
  const parts = new Map<string, DraftPart>()
  for (const part of [...attachments, ...htmlBody.filter(isFile), ...textBody.filter(isFile)]) {
    const key = part.partId ?? part.blobId
    if (part.blobId !== null && key !== null) parts.set(key, part)
  }
  return [...parts.values()]
}

function fileOf(part: DraftPart, id: string, cid: string | null): DraftFile {
  const { blobId, type, size, charset } = part
  // RFC 2046 §4.1.2: it is what is meant where none is said.
  const said = charset && charset.toLowerCase() !== 'us-ascii' ? { charset } : {}
  return { id, name: fileName(part.name, type), type, ...said, size, blobId, cid }
}

/**
 * The same files as they lie in a version that was stored: the blobs of the version before die with it, and uploaded ones
 * are kept for an hour. Files that it does not have stay as they are.
 */
export function rebound(files: readonly DraftFile[], email: DraftParts): DraftFile[] {
  const left = fileParts(email)
  return files.map((file) => {
    const at = left.findIndex((part) => isSame(file, part))
    const [part] = at < 0 || file.blobId === null ? [] : left.splice(at, 1)
    return part ? { ...file, blobId: part.blobId } : file
  })
}

/** The order of the parts tells files of the same name apart. Sizes are not compared: a server may rewrite line ends. */
function isSame(file: DraftFile, part: DraftPart): boolean {
  const isNamed = part.disposition === 'attachment' && fileName(part.name, part.type) === fileName(file.name, file.type)
  return file.cid === null ? isNamed : part.cid === file.cid
}

/** A text whose lines were broken so that they can be joined again (RFC 3676). Thunderbird stores its drafts so. */
export function unflowed(text: string, contentType: string): string {
  if (!/;\s*format\s*=\s*"?flowed"?/iu.test(contentType)) {
    return text
  }
  const keepsSpace = !/;\s*delsp\s*=\s*"?yes"?/iu.test(contentType)
  const joined: string[] = []
  let open: { marks: string } | null = null
  for (const line of text.split('\n')) {
    const [marks = ''] = /^>*/u.exec(line) ?? []
    const words = line.slice(marks.length).replace(/^ /u, '')
    const isSignature = words === SIGNATURE_LINE
    const flows = words.endsWith(' ') && !isSignature
    const written = flows && !keepsSpace ? words.slice(0, -1) : words
    if (open && open.marks === marks && !isSignature) {
      joined.push((joined.pop() ?? '') + written)
    } else {
      joined.push(`${marks}${marks && written ? ' ' : ''}${written}`)
    }
    open = flows ? { marks } : null
  }
  return joined.join('\n')
}
