/** A plain text mail as words, links and quotes, its quoted end apart. Nothing of it is ever parsed as HTML. */
import { opensInBrowser } from './links.ts'

export interface Piece {
  readonly text: string
  /** an address that may be opened; null for mere words */
  readonly href: string | null
}

/** Lines that follow each other, of one message. */
export interface Block {
  /** how often it was quoted; 0: the sender's own words */
  readonly depth: number
  readonly pieces: readonly Piece[]
}

export interface PlainText {
  readonly body: readonly Block[]
  /** the quoted text at the end, with the line that introduces it; empty if there is none */
  readonly quoted: readonly Block[]
}

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"'`{}|\\^[\]]+/giu
/** Characters at the end of an address that belong to the sentence around it. */
const TRAILING = '.,;:!?)'
/** Usenet's marks of a quote, with or without spaces between. */
const MARKS = /^\s?(?:> ?)+/u
/** Deeper quotes look like this one. */
const DEEPEST = 5
/** A text with more of them is no talk; so many elements would stop the page. */
const MOST_BLOCKS = 2_000

export function plainText(text: string): PlainText {
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const start = quoteStart(lines)
  return {
    body: blocks(lines.slice(0, start)),
    quoted: blocks(lines.slice(start))
  }
}

function blocks(lines: readonly string[]): Block[] {
  const found: { depth: number; lines: string[] }[] = []
  for (const line of lines) {
    const marks = MARKS.exec(line)?.[0] ?? ''
    const depth = Math.min(DEEPEST, marks.replaceAll(/[^>]/gu, '').length)
    const last = found.at(-1)
    if (last?.depth === depth) last.lines.push(line.slice(marks.length))
    else found.push({ depth, lines: [line.slice(marks.length)] })
  }
  if (found.length > MOST_BLOCKS) return [{ depth: 0, pieces: pieces(lines.join('\n').trimEnd()) }]
  return found
    .map((block) => ({ depth: block.depth, text: withoutEmptyEnds(block.lines) }))
    .filter(({ text }) => text !== '')
    .map(({ depth, text }) => ({ depth, pieces: pieces(text) }))
}

/** The room between blocks stands for the empty lines between them. */
function withoutEmptyEnds(lines: readonly string[]): string {
  const first = lines.findIndex((line) => line.trim() !== '')
  return first < 0 ? '' : lines.slice(first).join('\n').trimEnd()
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
