/** A list of recipients as people write and paste it, divided into single ones. */

/** Commas and semicolons of Chinese and Japanese keyboards, too. */
const SEPARATORS = ',;\n，；、'
/** Characters around a tab in which an address is looked for, and of a group's name: a paste may consist of a hundred
 * thousand tabs, or colons. */
const NEAR = 300
const CLOSING: Readonly<Record<string, string>> = { '"': '"', '<': '>', '(': ')', '[': ']' }
/** RFC 5322 §3.2.4, on one line. Its length is bounded: what opens may never close. */
const QUOTED = /"(?:[^"\\\n]|\\[^\n]){0,200}"/y

interface Segment {
  readonly text: string
  /** what stands behind it */
  readonly separator: string
}

/**
 * Divided at commas, semicolons, lines, and tabs between recipients, but not within quotes and brackets; names of
 * groups are left out.
 */
export function segmentsOf(text: string): string[] {
  const segments = cut(text.replace(/\r\n?|[\u2028\u2029\v\f]/gu, '\n'))
  return joined(segments).flatMap((segment) => segment.replace(/\t/gu, ' ') || [])
}

function cut(text: string): Segment[] {
  const segments: Segment[] = []
  const closings = new Closings(text)
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    const end = character in CLOSING ? closings.of(at) : at
    if (end > at) {
      at = end
    } else if (SEPARATORS.includes(character) || (character === '\t' && isBetween(text, from, at))) {
      segments.push({ text: text.slice(from, at).trim(), separator: character })
      from = at + 1
    } else if (character === ':' && isGroup(text.slice(from, at), text.charAt(at + 1))) {
      from = at + 1
    }
  }
  return [...segments, { text: text.slice(from).trim(), separator: '' }]
}

/** A tab stands between a name and its address, or between two recipients: then there is an address on either side. */
function isBetween(text: string, from: number, at: number): boolean {
  const [behind = ''] = text.slice(at, at + NEAR).split(/[,;\n，；、]/u, 1)
  return text.slice(Math.max(from, at - NEAR), at).includes('@') && behind.includes('@')
}

/** RFC 5322 §3.4: "Team: one@example.org, two@example.org;". Lines of a header ("To: …") look the same. */
function isGroup(name: string, next: string): boolean {
  return name.length <= NEAR && next !== '/' && !/[@<>"]|^\s*mailto$|^\s*$/iu.test(name)
}

/** Where quotes and brackets close, on the same line. */
class Closings {
  readonly #text: string
  /** where each closes next; looked for once, since a paste may consist of a hundred thousand "<" */
  readonly #next = new Map<string, number>()

  constructor(text: string) {
    this.#text = text
  }

  /** The end of what opens here; the same place if it does not close. */
  of(at: number): number {
    const open = this.#text.charAt(at)
    if (open === '"') {
      QUOTED.lastIndex = at
      return at + Math.max(0, (QUOTED.exec(this.#text)?.[0].length ?? 0) - 1)
    }
    const end = this.#find(CLOSING[open] ?? '', at)
    return end < this.#find('\n', at) ? end : at
  }

  #find(character: string, from: number): number {
    const known = this.#next.get(character) ?? -1
    if (known > from) return known
    const found = this.#text.indexOf(character, from)
    this.#next.set(character, found < 0 ? Infinity : found)
    return found < 0 ? Infinity : found
  }
}

/**
 * Outlook does not quote a name with a comma: "Lindqvist, Mara <mara@example.org>". A piece in front of such a name that
 * has neither an address nor a bracket belongs to it.
 */
function joined(segments: readonly Segment[]): string[] {
  const found: string[] = []
  for (let at = 0; at < segments.length; at++) {
    const { text = '', separator = '' } = segments[at] ?? {}
    const next = segments[at + 1]?.text ?? ''
    if (separator === ',' && /^[^@<>"()[\]]+$/u.test(text) && /^[^@<>"]+<[^<>]*@[^<>]*>$/u.test(next)) {
      found.push(`${text}, ${next}`)
      at++
    } else {
      found.push(text)
    }
  }
  return found
}
