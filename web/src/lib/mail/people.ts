/** Names of people as they are shown. */

export interface Person {
  /** as the message says it; empty if it says none */
  readonly name: string
  readonly address: string
  /** the person who reads */
  readonly own: boolean
}

const FEW = 6

/** The name, or what stands before the @. */
export function nameOf(person: Person, me: string): string {
  if (person.own) return me
  return person.name.trim() || (person.address.split('@')[0] ?? '') || person.address
}

/** "Mara Lindqvist" alone, "Mara, Jonas, me" together: everybody once, in the order given. */
export function namesOf(people: readonly Person[], me: string): string {
  const seen = new Set<string>()
  const once = people.filter(({ address }) => !seen.has(address) && Boolean(seen.add(address)))
  const names = once.map((person) => nameOf(person, me))
  return once.length === 1 ? (names[0] ?? '') : names.map(shortName).join(', ')
}

/** As many names as a line or two have room for, and how many more there are. */
export function fewNamesOf(people: readonly Person[], me: string): string {
  const more = people.length - FEW
  return more > 1 ? `${namesOf(people.slice(0, FEW), me)} +${more}` : namesOf(people, me)
}

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

/** The first name; a name with a comma or an initial stays as it is. */
export function shortName(name: string): string {
  const [first = name, ...rest] = name.split(' ')
  return rest.length > 0 && first.length > 2 && !/[,.]$/.test(first) ? first : name
}
