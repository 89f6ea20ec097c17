/** What is deleted of the bodies and rows that this device keeps, once there are too many. */
import type { Id } from '#lib/jmap/types.ts'
import type { Database } from './schema.ts'

/** Octets of bodies that are kept, the last used first. */
const MOST_BODY_OCTETS = 50_000_000
/** The lists that were shown last keep their rows, up to so many. */
const MOST_AFTER_EVICTION = 15_000

const RELAXED = { durability: 'relaxed' } as const

/** Delete the bodies that were not used for long, beyond what is kept. */
export async function evictBodies(database: Database): Promise<void> {
  const evict = database.transaction('body', 'readwrite', RELAXED)
  let octets = 0
  // Keys only: the values would all be read.
  for (let at = await evict.store.index('used').openKeyCursor(null, 'prev'); at; at = await at.continue()) {
    octets += at.key[1]
    if (octets > MOST_BODY_OCTETS) {
      await evict.store.delete(at.primaryKey)
    }
  }
  await evict.done
}

/** Delete the rows of lists that were not shown for long, and those that no list shows. */
export async function evictRows(database: Database): Promise<void> {
  const evict = database.transaction(['list', 'thread', 'email'], 'readwrite', RELAXED)
  const [lists, emails, threads] = [evict.objectStore('list'), evict.objectStore('email'), evict.objectStore('thread')]
  const stay = { emails: new Set<Id>(), threads: new Set<Id>() }
  const newestFirst = (await lists.getAll()).toSorted((one, other) => other.asOf.getTime() - one.asOf.getTime())
  for (const list of newestFirst) {
    if (stay.emails.size > MOST_AFTER_EVICTION) {
      await lists.delete(list.key)
      continue
    }
    const listed = await Promise.all(list.ids.map((id) => emails.get(id)))
    const found = await Promise.all(listed.map((email) => threads.get(email?.threadId ?? '')))
    list.ids.forEach((id) => stay.emails.add(id))
    found.forEach((thread) => thread && stay.threads.add(thread.id))
    found.forEach((thread) => thread?.emailIds.forEach((id) => stay.emails.add(id)))
  }
  const others = (keys: Id[], staying: Set<Id>): Id[] => keys.filter((id) => !staying.has(id))
  await Promise.all([
    ...others(await emails.getAllKeys(), stay.emails).map((id) => emails.delete(id)),
    ...others(await threads.getAllKeys(), stay.threads).map((id) => threads.delete(id)),
    evict.done
  ])
}
