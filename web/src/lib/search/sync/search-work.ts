/** What is looked for besides the rows of a search: hits on this device, and how much lies in Spam and Trash. */
import type { Email, Filter, QueryResponse } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { foundOnDevice, type ReadBody } from './device-search.ts'
import type { SearchPlan } from './search-plan.ts'

/** Conversations that match; null if that could not be asked. */
export async function asideTotal(session: Session, filter: Filter): Promise<number | null> {
  try {
    await session.connected()
    const args = { filter, collapseThreads: true, calculateTotal: true, limit: 1 }
    const results = await session.client.run([{ name: 'Email/query', id: 'query', args }])
    return results.get<QueryResponse>('query').total ?? null
  } catch {
    // Whoever looks there searches for it.
    return null
  }
}

const MOST_TRIES = 4
/** Milliseconds */
const AGAIN_AFTER = 1_000

/** Fills the list of a search until the mail server answers. */
export class DeviceSearch {
  readonly #session: Session
  readonly #read: ReadBody
  #key = ''

  constructor(session: Session, read: ReadBody) {
    this.#session = session
    this.#read = read
  }

  stop(): void {
    this.#key = ''
  }

  async look(plan: SearchPlan, key: string, tries = MOST_TRIES): Promise<void> {
    this.#key = key
    let isWhole = true
    const { kept, facts, objects } = this.#session
    const { generation } = facts
    const searches = await kept.searches()
    const hits = foundOnDevice(plan, objects, searches, { read: this.#read, goesOn: () => this.#isWanted(key) })
    try {
      for await (const found of hits) {
        const kin = await searches?.threadsOf(found)
        // A round that came between told of changes to mail that was not here yet.
        if (kin && facts.generation === generation) objects.restore(kin.emails, kin.threads)
        this.#show(found, plan, key)
        isWhole = found.every(({ id }) => objects.baseOf(id))
      }
    } catch {
      // The database is closed or broken: the mail server answers alone.
    }
    const again = (): void => void (this.#isWanted(key) && this.look(plan, key, tries - 1))
    // A round came between, or what is kept is a moment behind what is known.
    if (!isWhole && tries > 1) this.#session.ports.after(AGAIN_AFTER, again)
  }

  #show(found: readonly Email[], plan: SearchPlan, key: string): void {
    const { list, objects, trouble } = this.#session
    if (!list || !this.#isWanted(key)) return
    const ids = found.filter(({ id }) => objects.baseOf(id)).map(({ id }) => id)
    // Only the mail server knows that there is nothing, unless it is not asked.
    if (ids.length > 0 || plan.scope === 'device' || trouble) list.guess(ids)
    this.#session.changed('list')
  }

  #isWanted(key: string): boolean {
    const { list } = this.#session
    return this.#key === key && list?.key === key && list.list.queryState === null
  }
}
