/** Whom a reply goes to, and who writes it. */
import type { Recipient } from '#lib/writing/domain/draft.ts'
import type { Person } from '#lib/mail/people.ts'
import { addressKey, sameAddress } from './address.ts'

export interface ParentAddresses {
  readonly from: readonly Person[]
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly replyTo: readonly Person[]
  readonly own: boolean
}

/** Reply-To wins over From (RFC 5322 §3.6.2). A reply to one's own message goes to whom that one went to. */
export function replyTo(message: ParentAddresses): readonly Person[] {
  if (message.own) return message.to.length > 0 ? message.to : message.from
  return message.replyTo.length > 0 ? message.replyTo : message.from
}

/**
 * A reply to all, without the person who writes: to whom a reply goes and the others of To, and in copy whom the message had
 * in copy. A list among them gets it, too. Whoever wrote only to themselves gets it as well.
 */
export function replyAllTo(message: ParentAddresses): { to: readonly Recipient[]; cc: readonly Recipient[] } {
  const first = replyTo(message)
  const seen = new Set<string>()
  const others = (people: readonly Person[]): Recipient[] =>
    people
      .filter(({ own, address }) => !own && !seen.has(addressKey(address)) && seen.add(addressKey(address)))
      .map(recipient)
  const to = others([...first, ...message.to])
  const cc = others(message.cc)
  return to.length + cc.length > 0 ? { to, cc } : { to: first.map(recipient), cc: [] }
}

export function recipient({ name, address }: Person): Recipient {
  return { name: name.trim() === address ? '' : name.trim(), address }
}

/**
 * The identity that replies: the one to which the message was sent, or that wrote it; null for the account's own. An address
 * with a tag ("me+shop@example.org") belongs to the one without.
 */
export function identityFor<T extends { readonly address: string }>(
  message: ParentAddresses,
  identities: readonly T[]
): T | null {
  const addresses = [...(message.own ? message.from : []), ...message.to, ...message.cc].map(({ address }) => address)
  const found = (spelled: (address: string) => string): T | undefined =>
    addresses
      .map((address) => identities.find((identity) => sameAddress(identity.address, spelled(address))))
      .find((identity) => identity !== undefined)
  return found((address) => address) ?? found((address) => address.replace(/\+[^@]*(?=@[^@]*$)/u, '')) ?? null
}
