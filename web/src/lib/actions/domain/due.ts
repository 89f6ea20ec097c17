/** Which entries to send now, of those that this tab knows and those that this device keeps. */
import type { Entry } from './entry.ts'

export interface Known {
  readonly entry: Entry
  /** this device could keep it */
  readonly isKept: boolean
}

export interface Due {
  /** in the order in which they were done */
  readonly entries: readonly Entry[]
  /** of these, the ones that this device does not keep */
  readonly unkept: readonly Entry[]
  /** another tab has sent these, and what it said of them did not reach this one */
  readonly gone: readonly string[]
}

/** `known` are those that wait in this tab; `taken` those that this device keeps, of all tabs; null if it does not tell. */
export function dueOf(known: readonly Known[], taken: readonly Entry[] | null): Due {
  if (!taken) {
    // What was kept may have been sent by another tab.
    const entries = known.map(({ entry, isKept }) => (isKept ? { ...entry, attempted: true } : entry))
    return { entries, unkept: entries, gone: [] }
  }
  const ids = new Set(taken.map(({ id }) => id))
  const missing = known.filter(({ entry }) => !ids.has(entry.id))
  const unkept = missing.filter(({ isKept }) => !isKept).map(({ entry }) => entry)
  const gone = missing.filter(({ isKept }) => isKept).map(({ entry }) => entry.id)
  return { entries: unkept.length === 0 ? taken : inOrder([...taken, ...unkept], known), unkept, gone }
}

/** What only other tabs know comes first: it may have been done at any time. */
function inOrder(entries: readonly Entry[], known: readonly Known[]): Entry[] {
  const places = new Map(known.map(({ entry }, at) => [entry.id, at]))
  const placeOf = ({ id }: Entry): number => places.get(id) ?? -1
  return entries.toSorted((one, other) => placeOf(one) - placeOf(other))
}
