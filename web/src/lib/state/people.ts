/** Addresses of a message as people. */
import type { EmailAddress } from '#lib/jmap/types.ts'
import type { Person } from './mail.ts'

/** Characters of a name, or a subject, that are shown. A longer one would push everything else from the screen. */
const MOST = 500

/** Characters that turn the text behind them round (UAX #9): "<RLO>gro.elpmaxe@ssob" would be read as an address. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g

export function shortened(text: string): string {
  const straight = text.replace(TURNING, '')
  return straight.length > MOST ? `${straight.slice(0, MOST)}…` : straight
}

export type IsOwn = (address: string) => boolean

export function peopleOf(addresses: readonly EmailAddress[] | null, isOwn: IsOwn): Person[] {
  return (addresses ?? []).map(({ name, email }) => ({
    name: shortened(name?.trim() ?? ''),
    address: email,
    own: isOwn(email)
  }))
}

/** Each person once, in the order of their first message. */
export function distinct(people: readonly Person[]): Person[] {
  const seen = new Set<string>()
  return people.filter(({ address }) => {
    const key = address.toLowerCase()
    return !seen.has(key) && Boolean(seen.add(key))
  })
}
