/** Whom an address imitates, where it stands without a message: among suggestions, in a list, beside a name. */
import { domainOf } from './address.ts'
import { asRead } from './as-read.ts'
import { skeleton } from './confusables.ts'
import type { Named } from './honest-first.ts'
import { lookalikeOf } from './lookalikes.ts'
import { inLetters } from './organisation.ts'
import type { KnownSender } from './senders.ts'
import { localOf } from './spelled.ts'
import { isGrave, type Warning } from './warnings.ts'

export interface Imitation {
  /** as whom it is taken: a name, or a domain */
  readonly of: string
  readonly warning: Warning
}

export function imitationOf({ name, address }: Named, known: readonly KnownSender[]): Imitation | null {
  const from = [{ name, address, own: false }]
  // Without a message nobody knows what the mail server found: the mildest is assumed, so that services are not marked.
  const warning = lookalikeOf({ from, replyTo: [], own: false, authentication: 'passed', isBulk: true }, known)
  return warning && isGrave(warning) ? { of: imitated({ name, address }, warning, known), warning } : null
}

function imitated(person: Named, warning: Warning, known: readonly KnownSender[]): string {
  const domain = domainOf(person.address)
  const taken = skeleton(inLetters('known' in warning ? domainOf(warning.known) : domain))
  const there = known.filter((one) => skeleton(domainOf(one.address)) === taken)
  const local = localOf(person.address).toLowerCase()
  const same =
    there.find((one) => localOf(one.address) === local) ??
    there.find((one) => skeleton(one.name) === skeleton(person.name))
  return asRead(same?.name ?? '') || (same?.address ?? (there[0] ? domainOf(there[0].address) : inLetters(domain)))
}
