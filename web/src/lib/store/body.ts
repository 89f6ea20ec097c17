/** The parts of a message as they are shown: one HTML, one text, inline pictures, attachments (RFC 8621 §4.1.4). */
import type { BodyPart, EmailBody } from '#lib/jmap/types.ts'
import type { Attachment } from '#lib/mail/attachment.ts'
import { fileName } from '#lib/mail/honest-name.ts'
import { htmlOf, textOf } from '#lib/mail/text.ts'

export interface ShownBody {
  readonly html: string | null
  readonly text: string
  readonly inline: ReadonlyMap<string, Attachment>
  readonly truncated: boolean
  readonly attachments: readonly Attachment[]
}

/** Where a file can be downloaded. */
export type UrlOf = (file: Pick<Attachment, 'blobId' | 'name' | 'type'>) => string

export function shownBody(body: EmailBody, urlOf: UrlOf): ShownBody {
  const html = body.htmlBody.some(isHtml) ? body.htmlBody.map((part) => asHtml(body, part)).join('\n') : null
  const text = body.textBody.map((part) => asText(body, part)).join('\n')
  const parts = [...body.attachments, ...body.htmlBody.filter(isPicture), ...body.textBody.filter(isPicture)]
  const inline = new Map<string, Attachment>()
  const attachments = new Map<string, Attachment>()
  for (const part of parts) {
    const file = fileOf(part, urlOf)
    if (!file) {
      continue
    }
    // Only one that the HTML refers to is fetched: Apple Mail gives every photo a Content-ID.
    if (part.cid && isPicture(part) && refersTo(html, part.cid)) {
      inline.set(part.cid, file)
    } else {
      attachments.set(file.blobId, file)
    }
  }
  const truncated = Object.values(body.bodyValues).some(({ isTruncated }) => isTruncated)
  return { html, text, inline, truncated, attachments: [...attachments.values()] }
}

/** RFC 2392 §2: a cid URL may be percent-encoded. */
function refersTo(html: string | null, cid: string): boolean {
  return Boolean(html?.includes(`cid:${cid}`) || html?.includes(`cid:${encodeURIComponent(cid)}`))
}

function isHtml(part: BodyPart): boolean {
  return part.type === 'text/html'
}

function isPicture(part: BodyPart): boolean {
  return part.type.startsWith('image/')
}

function valueOf(body: EmailBody, part: BodyPart): string {
  return body.bodyValues[part.partId ?? '']?.value ?? ''
}

function asHtml(body: EmailBody, part: BodyPart): string {
  if (isPicture(part)) {
    // Between the texts of a multipart/mixed; one without Content-ID is among the attachments.
    return part.cid ? `<img src="cid:${part.cid.replace(/["<>&]/g, '')}">` : ''
  }
  return isHtml(part) ? valueOf(body, part) : part.type.startsWith('text/') ? htmlOf(valueOf(body, part)) : ''
}

function asText(body: EmailBody, part: BodyPart): string {
  return isHtml(part) ? textOf(valueOf(body, part)) : part.type.startsWith('text/') ? valueOf(body, part) : ''
}

function fileOf(part: BodyPart, urlOf: UrlOf): Attachment | null {
  if (part.blobId === null) {
    return null
  }
  const named = { blobId: part.blobId, name: fileName(part.name, part.type), type: part.type }
  return { ...named, charset: part.charset ?? null, size: part.size, url: urlOf(named) }
}
