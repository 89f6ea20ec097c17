/** The actions that the mail server has not confirmed, as this device keeps them: in one order for all tabs. */
import type { Entry } from '#lib/actions/domain/entry.ts'
import type { Database, Schema } from '#lib/cache/schema.ts'
import type { IDBPObjectStore } from 'idb'

const STORE = 'outbox'
/** What a person did must survive a crash of the browser. */
const STRICT = { durability: 'strict' } as const

type Store = IDBPObjectStore<Schema, [typeof STORE], typeof STORE, 'readwrite'>

export class KeptOutbox {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  all(): Promise<Entry[]> {
    return this.#database.getAll(STORE)
  }

  async add(entry: Entry): Promise<void> {
    const write = this.#database.transaction(STORE, 'readwrite', STRICT)
    const added = write.store.add(entry)
    // Without this it waits for a response to reach this tab, which may be closed in this moment.
    write.commit()
    await Promise.all([added, write.done])
  }

  /** Keep it unless it is kept, in front of what was done later: the tab of this one may be gone, and the person may have gone
   * on in another. `isWanted` is asked last. */
  async addMissing(entry: Entry, isWanted: () => boolean): Promise<void> {
    const write = this.#database.transaction(STORE, 'readwrite', STRICT)
    const all = await write.store.getAll()
    if (isWanted() && !all.some(({ id }) => id === entry.id)) {
      const later = all.filter(({ at }) => at > entry.at)
      await remove(write.store, ({ at }) => at > entry.at)
      for (const one of [entry, ...later]) await write.store.add(one)
    }
    await write.done
  }

  /** All of them, in their order, as they were; from now on they count as attempted. */
  async take(): Promise<Entry[]> {
    const write = this.#database.transaction(STORE, 'readwrite', STRICT)
    const entries: Entry[] = []
    for (let at = await write.store.openCursor(); at; at = await at.continue()) {
      entries.push(at.value)
      if (!at.value.attempted) {
        await at.update({ ...at.value, attempted: true })
      }
    }
    await write.done
    return entries
  }

  /** Remove the entry if nobody has attempted it: then it is as if it had never been. Else keep `inverse`. Whether it was
   * removed. */
  async withdraw(id: string, inverse: Entry): Promise<boolean> {
    const write = this.#database.transaction(STORE, 'readwrite', STRICT)
    const removed = await remove(write.store, (entry) => entry.id === id && !entry.attempted)
    if (removed === 0) {
      await write.store.add(inverse)
    }
    await write.done
    return removed > 0
  }

  async remove(ids: ReadonlySet<string>): Promise<void> {
    const write = this.#database.transaction(STORE, 'readwrite', STRICT)
    await remove(write.store, (entry) => ids.has(entry.id))
    await write.done
  }
}

async function remove(store: Store, isMeant: (entry: Entry) => boolean): Promise<number> {
  let removed = 0
  for (let at = await store.openCursor(); at; at = await at.continue()) {
    if (isMeant(at.value)) {
      removed += 1
      await at.delete()
    }
  }
  return removed
}
