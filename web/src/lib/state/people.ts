/** Addresses of a message as people. */
import type { EmailAddress } from '#lib/jmap/types.ts'
import { straight } from '#lib/mail/direction.ts'
import type { Person } from './mail.ts'

/** Characters of a name, or a subject, that are shown. A longer one would push everything else from the screen. */
const MOST = 500
/** More of them on one letter than any language has would be painted over the lines around it. */
const STACKED = /(\p{M}{6})\p{M}+/gu

export function shortened(text: string): string {
  const shown = straight(text).replace(STACKED, '$1')
  return shown.length > MOST ? `${shown.slice(0, MOST)}…` : shown
}

export type IsOwn = (address: string) => boolean

export function peopleOf(addresses: readonly EmailAddress[] | null, isOwn: IsOwn): Person[] {
  return (addresses ?? []).map(({ name, email }) => ({
    name: shortened(name?.trim() ?? ''),
    address: email,
    own: isOwn(email)
  }))
}

/** Each person once, in the order of their first message. Who only claims to be the reader is somebody else. */
export function distinct(people: readonly Person[]): Person[] {
  const seen = new Set<string>()
  return people.filter(({ address, own }) => {
    const key = `${own}${address.toLowerCase()}`
    return !seen.has(key) && Boolean(seen.add(key))
  })
}
