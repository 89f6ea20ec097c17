/** The actions that the mail server has not confirmed, as this device keeps them: in one order for all tabs. */
import type { Entry } from '#lib/outbox/entry.ts'
import type { Database } from './schema.ts'

const STORE = 'outbox'
/** What a person did must survive a crash of the browser. */
const STRICT = { durability: 'strict' } as const

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
    await Promise.all([write.store.add(entry), write.done])
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

  /** Whether it was there and nobody had attempted it: then it is as if it had never been. */
  async withdraw(id: string): Promise<boolean> {
    return (await this.#remove((entry) => entry.id === id && !entry.attempted)) > 0
  }

  async remove(ids: ReadonlySet<string>): Promise<void> {
    await this.#remove((entry) => ids.has(entry.id))
  }

  async #remove(isMeant: (entry: Entry) => boolean): Promise<number> {
    const write = this.#database.transaction(STORE, 'readwrite', STRICT)
    let removed = 0
    for (let at = await write.store.openCursor(); at; at = await at.continue()) {
      if (isMeant(at.value)) {
        removed += 1
        await at.delete()
      }
    }
    await write.done
    return removed
  }
}
