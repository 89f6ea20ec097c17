/** What this device keeps for searching: the last searches, and all the mail that can be looked through offline. */
import type { Email, Thread } from '#lib/jmap/types.ts'
import type { Database, KeptBody, KeptStates } from '#lib/cache/schema.ts'

/** Read at once: a part of this size does not stall the page. */
const PART = 500
/** Bodies are large. */
const BODY_PART = 20

const RECENT = 'recent'

export class KeptSearches {
  readonly #database: Database
  readonly #isCurrent: (states: KeptStates | null) => boolean

  /** `isCurrent`: whether what was kept at these states fits to what is known; another tab may be ahead, or behind. */
  constructor(database: Database, isCurrent: (states: KeptStates | null) => boolean) {
    this.#database = database
    this.#isCurrent = isCurrent
  }

  /** The last one first. */
  async recent(): Promise<readonly string[]> {
    return (await this.#database.get('search', RECENT)) ?? []
  }

  async keepRecent(searches: readonly string[]): Promise<void> {
    await this.#database.put('search', searches, RECENT)
  }

  /** All rows, in parts. */
  emails(): AsyncGenerator<readonly Email[]> {
    return this.#parts('email', PART)
  }

  /** The conversations of these emails with all their messages; null if they may be others by now. */
  async threadsOf(found: readonly Email[]): Promise<{ threads: Thread[]; emails: Email[] } | null> {
    const read = this.#database.transaction(['meta', 'thread', 'email'])
    const threadIds = [...new Set(found.map(({ threadId }) => threadId))]
    const [states = null, ...kept] = await Promise.all([
      read.objectStore('meta').get('states'),
      ...threadIds.map((id) => read.objectStore('thread').get(id))
    ])
    const threads = kept.filter((one) => one !== undefined)
    const ids = new Set([...found.map(({ id }) => id), ...threads.flatMap(({ emailIds }) => emailIds)])
    const emails = await Promise.all([...ids].map((id) => read.objectStore('email').get(id)))
    return this.#isCurrent(states) ? { threads, emails: emails.filter((one) => one !== undefined) } : null
  }

  /** All bodies, in parts. */
  bodies(): AsyncGenerator<readonly KeptBody[]> {
    return this.#parts('body', BODY_PART)
  }

  #parts(store: 'email', size: number): AsyncGenerator<readonly Email[]>
  #parts(store: 'body', size: number): AsyncGenerator<readonly KeptBody[]>
  async *#parts(store: 'email' | 'body', size: number): AsyncGenerator<readonly (Email | KeptBody)[]> {
    let range: IDBKeyRange | null = null
    for (;;) {
      const part: (Email | KeptBody)[] = await this.#database.getAll(store, range, size)
      const last = part.at(-1)
      if (!last) return
      yield part
      range = IDBKeyRange.lowerBound(last.id, true)
    }
  }
}
