/** Octets of a text file → text. */

/** Encodings that a browser has a decoder for, and that are no text for readers. */
const NEVER = /^(?:replacement|x-user-defined|iso-2022-(?:kr|cn)|hz-gb-2312)$/i

const MARKS: readonly (readonly [number[], string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be']
]

/**
 * Its mark (BOM) decides, else the charset that the message names, else it is UTF-8; what is none of these is Windows-1252,
 * which has a character for nearly every octet.
 */
export function decoded(octets: Uint8Array, charset: string | null): string {
  const mark = MARKS.find(([start]) => start.every((octet, at) => octets[at] === octet))?.[1]
  // US-ASCII is what a program says that did not look: of UTF-8 it is a part.
  const named = charset && !/^(?:us-)?ascii$/i.test(charset) && !NEVER.test(charset) ? charset : null
  const text = mark ? as(mark, octets, false) : named ? as(named, octets, false) : null
  return (text ?? as('utf-8', octets, true) ?? as('windows-1252', octets, false) ?? '').replace(/\r\n?/g, '\n')
}

/** null if no browser knows the encoding, or, if `fatal`, the octets are not written in it. */
function as(label: string, octets: Uint8Array, fatal: boolean): string | null {
  try {
    // As a stream: a text that was cut off may end within a character.
    return new TextDecoder(label, { fatal }).decode(octets, { stream: true })
  } catch {
    return null
  }
}
