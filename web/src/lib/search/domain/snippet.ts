/** The text around what a search found (RFC 8621 §5): HTML in which only `<mark>` is an element. It is never used as HTML. */
import { straight } from '#lib/mail/direction.ts'

export interface SnippetPart {
  readonly text: string
  readonly marked: boolean
}

/** Characters: a row shows no more. */
const MOST = 500

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ' }

/** null if nothing in it is marked. Whatever else stands in it is text. */
export function snippetParts(html: string | null | undefined): SnippetPart[] | null {
  if (!html?.includes('<mark>')) return null
  const parts: SnippetPart[] = []
  let marked = false
  // What was split by has a group: at odd places stand the tags.
  html
    .slice(0, MOST)
    .split(/(<\/?mark>)/u)
    .forEach((piece, at) => {
      if (at % 2 === 1) marked = piece === '<mark>'
      else if (piece) parts.push({ text: straight(withoutEntities(piece)), marked })
    })
  return parts
}

/** Characters before the first mark that a row has room for. */
const MOST_BEFORE = 24

/** The same, from a little before the first mark on: a row shows one line, and what is marked must be in it. */
export function fromMark(parts: readonly SnippetPart[]): readonly SnippetPart[] {
  const [first, ...others] = parts
  if (!first || first.marked || first.text.length <= MOST_BEFORE) return parts
  const end = first.text.slice(-MOST_BEFORE)
  // Not within a word, if there is a space to begin at.
  return [{ text: `…${end.slice(end.indexOf(' ') + 1)}`, marked: false }, ...others]
}

/** Once only: `&amp;lt;` is the text "&lt;". */
function withoutEntities(text: string): string {
  return text.replace(/&(#\d{1,7}|#x[\da-f]{1,6}|[a-z]{2,5});/giu, (whole: string, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()] ?? whole
    const code = /^#x/iu.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })
}

/** The same for mail of this device: the words that are looked for, marked where they stand first. */
export function markedParts(text: string, words: readonly string[]): SnippetPart[] | null {
  const pattern = words.filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&'))
  if (pattern.length === 0) return null
  const at = text.search(new RegExp(pattern.join('|'), 'iu'))
  if (at < 0) return null
  const from = Math.max(0, at - 2 * MOST_BEFORE)
  return text
    .slice(from, from + MOST)
    .split(new RegExp(`(${pattern.join('|')})`, 'iu'))
    .flatMap((piece, place) => (piece ? [{ text: piece, marked: place % 2 === 1 }] : []))
}
