import type { Person } from './people.ts'

/** One or two letters for the round mark beside a message. */
export function monogram(person: Person): string {
  const words = (person.name.trim() || person.address).split(/[\s@._-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word))
  const last = words.length > 1 ? words.at(-1) : undefined
  const letters = firstLetter(words[0] ?? '?') + (person.name.trim() && last ? firstLetter(last) : '')
  return letters.toUpperCase()
}

function firstLetter(word: string): string {
  return String.fromCodePoint(word.codePointAt(0) ?? 63)
}
