/** Where a mail server found a mistake in a script: the place is in its sentence only (RFC 9661 §2.4 has none for it). */

export interface Mistake {
  /** as the server says it */
  readonly text: string
  /** from 1; null: it does not say where */
  readonly line: number | null
}

/** "… at line 2, column 5." (Stalwart), "line 2: …" (Cyrus) */
const PLACE = /\bline ([1-9]\d*)\b/i
/** For a command that it does not know, Stalwart says "line 0", and how it is called. */
const FOUND = /\bfound "([^"]+)"/i

export function mistakeOf(description: string | null | undefined, script: string): Mistake {
  const text = (description ?? '').trim()
  const [, line] = PLACE.exec(text) ?? []
  return { text, line: line === undefined ? lineOf(FOUND.exec(text)?.[1], script) : Number(line) }
}

/** The first line, without comments, that has the word. */
function lineOf(word: string | undefined, script: string): number | null {
  if (word === undefined) return null
  const lines = script.split(/\r?\n/).map((line) => line.replace(/^\s*#.*/, ''))
  const at = lines.findIndex((line) => line.includes(word))
  return at < 0 ? null : at + 1
}
