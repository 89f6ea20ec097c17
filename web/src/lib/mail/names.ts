/** Names that people give to folders and labels. */

/** `unfit`: it holds control characters. */
export type NameFault = 'empty' | 'long' | 'taken' | 'unfit'

/** What is wrong with a name; null for nothing. `others` are the names beside which it stands; case does not tell two apart. */
export function nameFault(name: string, others: readonly string[], maxOctets: number): NameFault | null {
  const trimmed = name.trim()
  if (trimmed === '') {
    return 'empty'
  }
  // RFC 8621 §2: Net-Unicode (RFC 5198) has none.
  if (/\p{Control}/u.test(trimmed)) {
    return 'unfit'
  }
  if (new TextEncoder().encode(trimmed).length > maxOctets) {
    return 'long'
  }
  return others.some((other) => folded(other) === folded(trimmed)) ? 'taken' : null
}

function folded(name: string): string {
  return name.trim().normalize('NFC').toLowerCase()
}
