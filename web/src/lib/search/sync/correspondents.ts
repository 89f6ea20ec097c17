/** People in the mail that this device has: whom one writes to first, then who writes most. */
import type { KeptSearches } from '#lib/search/device/searches.ts'
import type { Email } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'

export interface Correspondent {
  readonly name: string
  readonly address: string
}

/** More are never suggested to anybody. */
const MOST = 2_000
/** Someone whom one writes to counts as much as this many mails of somebody else. */
const WRITTEN_TO = 10

export async function correspondents(
  objects: Objects,
  kept: KeptSearches | null,
  me: string
): Promise<Correspondent[]> {
  const people = new Map<string, { name: string; address: string; weight: number }>()
  const own = me.toLowerCase()
  const meet = ({ from, to }: Email): void => {
    const isOwn = from?.some(({ email }) => email.toLowerCase() === own) ?? false
    for (const { name, email } of (isOwn ? to : from) ?? []) {
      const key = email.toLowerCase()
      const person = people.get(key) ?? { name: '', address: email, weight: 0 }
      person.name ||= name?.trim() ?? ''
      person.weight += isOwn ? WRITTEN_TO : 1
      people.set(key, person)
    }
  }
  const seen = new Set<string>()
  for (const email of objects.emails()) {
    seen.add(email.id)
    meet(email)
  }
  for await (const part of kept?.emails() ?? []) {
    part.filter(({ id }) => !seen.has(id)).forEach(meet)
  }
  people.delete(own)
  const heaviest = [...people.values()].toSorted((one, other) => other.weight - one.weight).slice(0, MOST)
  return heaviest.map(({ name, address }) => ({ name, address }))
}
