/** A plain text mail as paragraphs of words and links, its quoted end apart. Nothing of it is ever parsed as HTML. */
import { opensInBrowser } from './links.ts'

export interface Piece {
  readonly text: string
  /** an address that may be opened; null for mere words */
  readonly href: string | null
}

export interface PlainText {
  readonly body: readonly Piece[]
  /** the quoted text at the end, with the line that introduces it; empty if there is none */
  readonly quoted: readonly Piece[]
}

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"'`{}|\\^[\]]+/giu
/** Characters at the end of an address that belong to the sentence around it. */
const TRAILING = '.,;:!?)'

export function plainText(text: string): PlainText {
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const start = quoteStart(lines)
  return {
    body: pieces(lines.slice(0, start).join('\n').trimEnd()),
    quoted: pieces(lines.slice(start).join('\n').trim())
  }
}

/** The line at which the quoted end begins; the number of lines if nothing is quoted at the end. */
function quoteStart(lines: readonly string[]): number {
  let start = lines.length
  while (start > 0 && /^\s*(>|$)/u.test(lines[start - 1] ?? '')) start--
  if (!lines.slice(start).some((line) => line.trimStart().startsWith('>'))) return lines.length
  // The line that introduces it, such as "On Monday Mara wrote:".
  if (/:\s*$/u.test(lines[start - 1] ?? '')) start--
  return start
}

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let end = 0
  for (const match of text.matchAll(LINK)) {
    const address = withoutEnd(match[0])
    if (!opensInBrowser(address)) continue
    if (match.index > end) found.push({ text: text.slice(end, match.index), href: null })
    found.push({ text: address, href: address })
    end = match.index + address.length
  }
  if (end < text.length) found.push({ text: text.slice(end), href: null })
  return found
}

/** From its end: a pattern would look at each of a million dots for the end. */
function withoutEnd(address: string): string {
  let end = address.length
  while (TRAILING.includes(address.charAt(end - 1)) && end > 0) end--
  return address.slice(0, end)
}
