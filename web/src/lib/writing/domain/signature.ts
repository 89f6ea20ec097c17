/** The signature of an identity (RFC 8621 §6): below what is written, above what is quoted. */
import type { Draft } from '#lib/writing/domain/draft.ts'
import { blocks, EMPTY_LINE, OPEN_SIGNATURE } from './html-of-text.ts'
import { attributeOf, tokensOf, VOID } from './html-tokens.ts'
import { quoteStart } from './quote-start.ts'
import { SIGNATURE_LINE, textOfHtml } from './text-of-html.ts'

/** Both empty: there is none. */
export interface Signature {
  readonly textSignature: string
  readonly htmlSignature: string
}

type Body = Pick<Draft, 'format' | 'html' | 'text'>
/** Makes HTML safe for our page: signatures come from the mail server. */
export type Clean = (html: string) => string

function signatureHtml(signature: Signature, clean: Clean): string {
  const html = editableSignature(signature, clean)
  return textOfHtml(html) === '' ? '' : `${OPEN_SIGNATURE}${html}</div>`
}

/** As the editor shows it. */
export function editableSignature({ textSignature, htmlSignature }: Signature, clean: Clean): string {
  return htmlSignature.trim() ? clean(htmlSignature) : blocks(textLines(textSignature))
}

/** What the editor holds, in both forms: a message may be written without formats. */
export function signatureOf(html: string, clean: Clean): Signature {
  const htmlSignature = clean(html)
  const textSignature = textOfHtml(htmlSignature).trimEnd()
  return textSignature === '' ? { textSignature, htmlSignature: '' } : { textSignature, htmlSignature }
}

function signatureText({ textSignature, htmlSignature }: Signature): string {
  const text = textSignature.trim() ? textLines(textSignature).join('\n') : textOfHtml(htmlSignature)
  return text === '' ? '' : `${SIGNATURE_LINE}\n${text}`
}

/** Some people store it with the line that introduces it. */
function textLines(text: string): string[] {
  const lines = text.replace(/\r\n?/gu, '\n').trimEnd().split('\n')
  const isEmpty = lines.join('').trim() === ''
  return isEmpty ? [] : lines[0]?.trimEnd() === '--' ? lines.slice(1) : lines
}

/**
 * The draft with another signature in the place of the old one. It stays as it is if the person has changed the old one, or
 * has taken it out.
 */
export function exchangeSignature<T extends Body>(
  draft: T,
  old: Signature | null,
  next: Signature | null,
  clean: Clean
): T {
  const before = old ?? { textSignature: '', htmlSignature: '' }
  const after = next ?? { textSignature: '', htmlSignature: '' }
  return draft.format === 'rich'
    ? { ...draft, html: exchangedHtml(draft.html, signatureHtml(before, clean), signatureHtml(after, clean)) }
    : { ...draft, text: exchangedText(draft.text, signatureText(before), signatureText(after)) }
}

/** The editor writes HTML in its own way, so the words are compared. */
function exchangedHtml(html: string, before: string, after: string): string {
  const found = elementsWith(html, 'data-signature')
  if (found.length > 1 || (found.length === 0 && before !== '')) {
    return html
  }
  const [own] = found
  if (own) {
    const isUnchanged = textOfHtml(html.slice(own.start, own.end)) === textOfHtml(before)
    if (!isUnchanged) return html
    // The empty line in front of it goes with it.
    const written = html.slice(0, own.start)
    return (after === '' ? written.replace(/<div><br><\/div>$/u, '') : written) + after + html.slice(own.end)
  }
  const at = elementsWith(html, 'data-quote')[0]?.start ?? html.length
  return after === '' ? html : html.slice(0, at) + EMPTY_LINE + after + html.slice(at)
}

function exchangedText(text: string, before: string, after: string): string {
  const lines = text.split('\n')
  const quoted = quoteStart(lines)
  if (before === '') {
    const hasOther = lines.slice(0, quoted).includes(SIGNATURE_LINE)
    return after === '' || hasOther ? text : withSignature(lines, quoted, after)
  }
  const at = `\n${text}\n`.lastIndexOf(`\n${before}\n`)
  if (at < 0) {
    return text
  }
  // The empty line in front of it goes with it.
  return after === ''
    ? text.slice(0, at).replace(/\n$/u, '') + text.slice(at + before.length)
    : text.slice(0, at) + after + text.slice(at + before.length)
}

function withSignature(lines: readonly string[], quoted: number, signature: string): string {
  const written = lines.slice(0, quoted).join('\n').trimEnd()
  const quote = lines.slice(quoted)
  return [written, '', signature, ...(quote.length > 0 ? ['', ...quote] : [])].join('\n')
}

interface Range {
  readonly start: number
  readonly end: number
}

/** The elements of sanitized HTML, from tag to tag, that have this attribute and lie in no other one that has it. */
function elementsWith(html: string, attribute: string): Range[] {
  const found: Range[] = []
  let depth = 0
  let begun: { start: number; depth: number } | null = null
  for (const token of tokensOf(html)) {
    if (token.kind === 'text' || VOID.has(token.name)) continue
    depth += token.kind === 'open' ? 1 : -1
    if (token.kind === 'open' && !begun && attributeOf(token.attributes, attribute) !== null) {
      begun = { start: token.start, depth }
    } else if (token.kind === 'close' && begun && depth < begun.depth) {
      found.push({ start: begun.start, end: token.end })
      begun = null
    }
  }
  return begun ? [...found, { start: begun.start, end: html.length }] : found
}
