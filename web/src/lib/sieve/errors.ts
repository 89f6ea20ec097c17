/** Where a mail server found a mistake in a script: the line is in its sentence only (RFC 9661 §2.4 has no place for it). */

export interface Mistake {
  /** as the server says it */
  readonly text: string
  /** from 1; null: it does not say where */
  readonly line: number | null
  readonly column: number | null
}

/** "… at line 2, column 5." (Stalwart), "line 2: …" (Cyrus) */
const PLACE = /\bline (\d+)(?:,? column (\d+))?/i

export function mistakeOf(description: string | null | undefined): Mistake {
  const text = (description ?? '').trim()
  const [, line, column] = PLACE.exec(text) ?? []
  return { text, line: line === undefined ? null : Number(line), column: column === undefined ? null : Number(column) }
}
