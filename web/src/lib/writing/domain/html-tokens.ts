/** Sanitized HTML as a browser writes it → tags and text, without a document: it is stored where there is none. */

export type Token =
  | { readonly kind: 'text'; readonly text: string; readonly start: number; readonly end: number }
  | {
      readonly kind: 'open' | 'close'
      /** in lower case */
      readonly name: string
      readonly attributes: string
      readonly start: number
      readonly end: number
    }

const TAG = /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/giu
export const VOID: ReadonlySet<string> = new Set(['br', 'hr', 'img', 'col', 'wbr', 'area', 'input', 'link', 'meta'])
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0'
}

export function* tokensOf(html: string): Generator<Token> {
  let end = 0
  for (const match of html.matchAll(TAG)) {
    if (match.index > end) yield textToken(html, end, match.index)
    const start = match.index
    end = start + match[0].length
    const [, closing, name, attributes = ''] = match
    if (name) yield { kind: closing ? 'close' : 'open', name: name.toLowerCase(), attributes, start, end }
  }
  if (end < html.length) yield textToken(html, end, html.length)
}

function textToken(html: string, start: number, end: number): Token {
  return { kind: 'text', text: unescaped(html.slice(start, end)), start, end }
}

/** The value of an attribute; null if the tag does not have it. */
export function attributeOf(attributes: string, name: string): string | null {
  for (const match of attributes.matchAll(/([^\s"'=<>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gu)) {
    if (match[1]?.toLowerCase() === name) return unescaped(match[2] ?? match[3] ?? match[4] ?? '')
  }
  return null
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function unescaped(text: string): string {
  return text.replace(/&(#x?[0-9a-f]{1,6}|[a-z]{2,6});/giu, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()] ?? whole
    const code = /^#x/iu.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
