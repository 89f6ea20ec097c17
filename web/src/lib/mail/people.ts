/** Names of people as they are shown. */
import { asRead } from './as-read.ts'

export interface Person {
  /** as the message says it; empty if it says none */
  readonly name: string
  readonly address: string
  /** the person who reads */
  readonly own: boolean
}

/** Names that are taken for another address, or for the person who reads: "me" in our languages, and in letters that look
 * like theirs. */
const DECEPTIVE =
  /@|[([{<]\s*at\s*[)\]}>]|\sat\s\S+\.\p{L}{2}|^\P{L}*([mм][eеє]|[iіıl][cс][hһ]|[mм][iіı](r|г|[cс][hһ]))\P{L}*$/iu

/** The name. It is the address where there is none, and stands beside it where it could be taken for another one. */
export function nameOf(person: Person, me: string, named = (name: string): string => name): string {
  const { name, address, own } = person
  if (own) return me
  const said = named(name.trim())
  const read = asRead(said)
  if (!read || read.toLowerCase() === address.toLowerCase()) return address
  // In front, since the end of a line is cut off.
  return DECEPTIVE.test(read) ? `${address} (${said})` : said
}

/** "Mara Lindqvist" alone, "Mara, Jonas, me" together: everybody once, in the order given. */
export function namesOf(people: readonly Person[], me: string): string {
  const seen = new Set<string>()
  const isNew = (key: string): boolean => !seen.has(key) && Boolean(seen.add(key))
  const once = people.filter(({ address, own }) => isNew(`${own}${address}`))
  return once.map((person) => nameOf(person, me, once.length === 1 ? undefined : shortName)).join(', ')
}

/** The first name; a name with a comma or an initial stays as it is. */
export function shortName(name: string): string {
  const [first = name, ...rest] = name.split(' ')
  return rest.length > 0 && first.length > 2 && !/[,.]$/.test(first) ? first : name
}
