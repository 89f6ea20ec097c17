/**
 * Whom the person knows: to whom they wrote, who wrote to them often, and organisations that wrote once and were confirmed. The
 * list is small, since it is kept in their settings. Two devices that learn at the same time both keep what they learnt.
 */
import { domainOf } from './address.ts'
import { asRead } from './as-read.ts'
import { isItsOwn, nameOfSender } from './organisation-name.ts'

export interface KnownSender {
  /** in small letters */
  readonly address: string
  readonly name: string
  /** the person wrote to them */
  readonly wrote: boolean
  /** the day of the newest message, in days since 1970 */
  readonly day: number
  /** it is an organisation, by its name and its domain, and mail of it was confirmed: nobody else may have its name */
  readonly organisation?: true
}

/** As it is kept: an entry is [address, name, wrote, day], and 1 behind them of an organisation. */
type Stored = readonly [string, string, 0 | 1, number, 1?]

/** Entries that are kept, and octets of them: the document holds 64 KB in all. */
const MOST = 250
const MOST_OCTETS = 14_000
const LONGEST_NAME = 60
const LONGEST_ADDRESS = 120

/** What another program may have written is left out. */
export function knownSenders(kept: unknown): readonly KnownSender[] {
  if (!Array.isArray(kept)) return []
  return kept.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return []
    const [address, name, wrote, day, organisation] = entry as unknown[]
    const isSound = typeof address === 'string' && typeof name === 'string' && Number.isInteger(day)
    if (!isSound) return []
    const sender = { address, name, wrote: wrote === 1, day: day as number }
    return [organisation === 1 ? { ...sender, organisation: true } : sender]
  })
}

export function keptSenders(senders: readonly KnownSender[]): readonly Stored[] {
  return senders.map(({ address, name, wrote, day, organisation }): Stored =>
    organisation ? [address, name, wrote ? 1 : 0, day, 1] : [address, name, wrote ? 1 : 0, day]
  )
}

/** Both together, the most important first, as many as there is room for. */
export function merged(one: readonly KnownSender[], other: readonly KnownSender[]): readonly KnownSender[] {
  const found = new Map<string, KnownSender>()
  for (const sender of [...one, ...other]) {
    if (sender.address.length > LONGEST_ADDRESS || !sender.address.includes('@')) continue
    const address = sender.address.toLowerCase()
    const before = found.get(address)
    found.set(address, joined({ ...sender, address, name: asRead(sender.name).slice(0, LONGEST_NAME) }, before))
  }
  return fitting([...found.values()].toSorted(byImportance))
}

function joined(sender: KnownSender, before: KnownSender | undefined): KnownSender {
  if (!before) return sender
  const [newer, older] = sender.day >= before.day ? [sender, before] : [before, sender]
  const both = { ...newer, name: newer.name || older.name, wrote: newer.wrote || older.wrote }
  // Its name is the one that was confirmed.
  return older.organisation && !newer.organisation ? { ...both, name: older.name, organisation: true } : both
}

/** In the same order on every device. */
function byImportance(one: KnownSender, other: KnownSender): number {
  return Number(other.wrote) - Number(one.wrote) || other.day - one.day || (one.address < other.address ? -1 : 1)
}

function fitting(senders: readonly KnownSender[]): readonly KnownSender[] {
  let left = MOST_OCTETS
  return senders.slice(0, MOST).filter((sender) => {
    left -= new TextEncoder().encode(JSON.stringify(keptSenders([sender]))).length
    return left >= 0
  })
}

/** A message that was received or sent, as far as it tells who is known. */
export interface Seen {
  readonly people: readonly { readonly name: string; readonly address: string }[]
  /** the person wrote it */
  readonly wrote: boolean
  readonly day: number
  /** our server confirmed the sender */
  readonly confirmed?: boolean
}

/** Messages on different days by which a sender is known to whom the person never wrote. */
const OFTEN = 3
/** To so many a person does not write at once: it is a circular. */
const MOST_RECIPIENTS = 20

interface Met {
  name: string
  wrote: boolean
  days: Set<number>
  /** the name that it had in mail that was confirmed */
  confirmed: string | null
}

/**
 * Who is known by these messages. `isSuspicious`: who looks like somebody else is not known, however often they write.
 */
export function learnt(
  messages: readonly Seen[],
  isSuspicious: (address: string, name: string) => boolean
): KnownSender[] {
  const met = metIn(messages)
  const isAlone = organisationsIn(met)
  return [...met].flatMap(([address, { name, wrote, days, confirmed }]): KnownSender[] => {
    const isOrganisation = confirmed !== null && isAlone(address, confirmed)
    const isKnown = wrote || ((isOrganisation || days.size >= OFTEN) && !isSuspicious(address, confirmed ?? name))
    const sender = { address, name: isOrganisation ? confirmed : name, wrote, day: Math.max(...days) }
    return isKnown ? [isOrganisation ? { ...sender, organisation: true } : sender] : []
  })
}

function metIn(messages: readonly Seen[]): ReadonlyMap<string, Met> {
  const all = new Map<string, Met>()
  for (const { people, wrote, day, confirmed } of messages) {
    if (people.length > MOST_RECIPIENTS) continue
    for (const { name, address } of people) {
      const key = address.toLowerCase()
      const met = all.get(key) ?? { name: '', wrote: false, days: new Set<number>(), confirmed: null }
      all.set(key, {
        name: met.name || name,
        wrote: met.wrote || wrote,
        days: met.days.add(day),
        confirmed: met.confirmed ?? (confirmed && nameOfSender(name, address) !== null ? name : null)
      })
    }
  }
  return all
}

/** Whether the name of an organisation is its own: of several that have it in the same mail it is the one that came first. */
function organisationsIn(met: ReadonlyMap<string, Met>): (address: string, name: string) => boolean {
  const first = new Map<string, { address: string; day: number }>()
  for (const [address, { confirmed, days }] of met) {
    const name = confirmed === null ? null : nameOfSender(confirmed, address)
    const day = Math.min(...days)
    if (name !== null && day < (first.get(name)?.day ?? Infinity)) first.set(name, { address, day })
  }
  return (address, name) => {
    const own = first.get(nameOfSender(name, address) ?? '')
    return own !== undefined && isItsOwn(domainOf(address), domainOf(own.address))
  }
}
