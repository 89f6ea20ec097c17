/**
 * Whom the person knows: to whom they wrote, and who wrote to them often. Small, since it stands in their settings. Two
 * devices that learn at the same time both keep what they learnt.
 */
import { asRead } from './as-read.ts'

export interface KnownSender {
  /** in small letters */
  readonly address: string
  readonly name: string
  /** the person wrote to them */
  readonly wrote: boolean
  /** the day of the newest message, in days since 1970 */
  readonly day: number
}

/** As it is kept: an entry is [address, name, wrote, day]. */
type Kept = readonly [string, string, 0 | 1, number]

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
    const [address, name, wrote, day] = entry as unknown[]
    const isSound = typeof address === 'string' && typeof name === 'string' && Number.isInteger(day)
    return isSound ? [{ address, name, wrote: wrote === 1, day: day as number }] : []
  })
}

export function keptSenders(senders: readonly KnownSender[]): readonly Kept[] {
  return senders.map(({ address, name, wrote, day }): Kept => [address, name, wrote ? 1 : 0, day])
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
  return { ...newer, name: newer.name || older.name, wrote: newer.wrote || older.wrote }
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
}

/** Messages on different days by which a sender is known to whom the person never wrote. */
const OFTEN = 3
/** To so many a person does not write at once: it is a circular. */
const MOST_RECIPIENTS = 20

/**
 * Who is known by these messages. `isSuspicious`: who looks like somebody else is not known, however often they write.
 */
export function learnt(
  messages: readonly Seen[],
  isSuspicious: (address: string, name: string) => boolean
): KnownSender[] {
  const days = new Map<string, { name: string; wrote: boolean; days: Set<number> }>()
  for (const { people, wrote, day } of messages) {
    if (people.length > MOST_RECIPIENTS) continue
    for (const { name, address } of people) {
      const key = address.toLowerCase()
      const met = days.get(key) ?? { name: '', wrote: false, days: new Set<number>() }
      days.set(key, { name: met.name || name, wrote: met.wrote || wrote, days: met.days.add(day) })
    }
  }
  return [...days]
    .filter(([address, met]) => met.wrote || (met.days.size >= OFTEN && !isSuspicious(address, met.name)))
    .map(([address, met]) => ({ address, name: met.name, wrote: met.wrote, day: Math.max(...met.days) }))
}
