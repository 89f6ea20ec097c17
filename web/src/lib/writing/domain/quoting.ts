/** What of a message is quoted in the draft that replies to it or forwards it. */
import type { DraftFile } from '#lib/writing/domain/draft.ts'
import type { Attachment } from '#lib/mail/attachment.ts'
import { straight } from '#lib/mail/direction.ts'
import { nameOf, type Person } from '#lib/mail/people.ts'
import { recipientText } from './recipients.ts'
import { oneLine } from './field.ts'
import { blocks, OPEN_QUOTE, OPEN_QUOTED, OPEN_QUOTED_WHOLE } from './html-of-text.ts'
import { escaped } from './html-tokens.ts'
import type { ParentMessage } from './parent-message.ts'
import { cidsIn, renamedPictures } from './pictures.ts'
import { recipient } from './reply.ts'

/** In the language of the reader. */
export interface QuoteWords {
  /** "On 24 November 2026 at 14:32, Mara Lindqvist wrote:" */
  attribution(name: string, at: Date): string
  readonly forwarded: string
  readonly from: string
  readonly to: string
  readonly cc: string
  readonly date: string
  readonly subject: string
  dateOf(at: Date): string
}

export interface Quoting {
  readonly words: QuoteWords
  /** `quoteHtml`: null if the HTML is too large to be edited */
  quoted(html: string): string | null
  newId(): string
  newCid(): string
}

export interface QuotedHtml {
  readonly html: string
  /** the pictures in it */
  readonly files: readonly DraftFile[]
}

/** "> " in front of each line, below the line that introduces it. RFC 3676 §4.5 */
export function quotedText(message: ParentMessage, { words }: Pick<Quoting, 'words'>): string {
  const lines = linesOf(message).map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()))
  return `${attribution(message, words)}\n${lines.join('\n')}`
}

export function quotedHtml(message: ParentMessage, quoting: Quoting): QuotedHtml {
  const { html, files, open } = contentOf(message, quoting)
  const introduction = `<div>${escaped(attribution(message, quoting.words))}</div>`
  return { html: `${open}${introduction}${OPEN_QUOTE}${html}</blockquote></div>`, files }
}

export function forwardedText(message: ParentMessage, { words }: Pick<Quoting, 'words'>): string {
  return [...forwardedHead(message, words), '', ...linesOf(message)].join('\n')
}

export function forwardedHtml(message: ParentMessage, quoting: Quoting): QuotedHtml {
  const { html, files, open } = contentOf(message, quoting)
  const head = forwardedHead(message, quoting.words).map((line) => `<div>${escaped(line)}</div>`)
  return { html: `${open}${head.join('')}<div><br></div>${html}</div>`, files }
}

function attribution({ from, sentAt, receivedAt }: ParentMessage, words: QuoteWords): string {
  const authors = from.map(({ name, address }) => nameOf({ name, address, own: false }, ''))
  return said(words.attribution(said(authors.join(', ') || '?'), sentAt ?? receivedAt))
}

function forwardedHead(message: ParentMessage, words: QuoteWords): string[] {
  const { from, to, cc, subject, sentAt, receivedAt } = message
  const people = (label: string, list: readonly Person[]): string[] =>
    list.length > 0 ? [`${label}: ${said(list.map((person) => recipientText(recipient(person))).join(', '))}`] : []
  return [
    `---------- ${words.forwarded} ----------`,
    ...people(words.from, from),
    `${words.date}: ${words.dateOf(sentAt ?? receivedAt)}`,
    `${words.subject}: ${said(subject)}`,
    ...people(words.to, to),
    ...people(words.cc, cc)
  ]
}

/** A name must neither end the line nor turn what stands behind it round. */
function said(text: string): string {
  return straight(oneLine(text))
}

function linesOf({ body }: ParentMessage): string[] {
  return (body?.text ?? '').replace(/\r\n?/gu, '\n').trimEnd().split('\n')
}

interface Content extends QuotedHtml {
  /** of the element around it: whether it may hold what nobody could see */
  readonly open: string
}

/** The HTML of the message as it is seen, made harmless; its text if it has none, or too much. */
function contentOf(message: ParentMessage, quoting: Quoting): Content {
  const source = message.body?.html
  const html = source ? quoting.quoted(message.rendered ?? source) : null
  if (html === null) {
    return { html: blocks(linesOf(message)), files: [], open: source ? OPEN_QUOTED_WHOLE : OPEN_QUOTED }
  }
  const names = new Map<string, string>()
  const files: DraftFile[] = []
  for (const cid of cidsIn(html)) {
    const picture = message.body?.inline.get(cid)
    if (!picture) continue
    names.set(cid, quoting.newCid())
    files.push({ ...fileOf(picture, quoting.newId()), cid: names.get(cid) ?? null })
  }
  const open = message.rendered === null ? OPEN_QUOTED_WHOLE : OPEN_QUOTED
  return { html: renamedPictures(html, names), files, open }
}

export function fileOf({ blobId, name, type, size, charset }: Attachment, id: string): DraftFile {
  return { id, name, type, ...(charset ? { charset } : {}), size, blobId, cid: null }
}
