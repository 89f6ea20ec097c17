/** The messages that are being written or sent, as this device keeps them. They must survive a crash of the browser. */
import type { KeptDraft } from '#lib/compose/draft.ts'
import type { Database } from './schema.ts'

const STRICT = { durability: 'strict' } as const

export class KeptDrafts {
  readonly #database: Database
  readonly #spared: (write: () => Promise<unknown>) => Promise<unknown>

  /** `spared` runs a write; on a full disk it costs what the mail server has, too. */
  constructor(database: Database, spared: (write: () => Promise<unknown>) => Promise<unknown>) {
    this.#database = database
    this.#spared = spared
  }

  all(): Promise<KeptDraft[]> {
    return this.#database.getAll('draft')
  }

  /** Raises what the browser says if it cannot be kept. */
  async put(kept: KeptDraft): Promise<void> {
    await this.#spared(async () => {
      const write = this.#database.transaction('draft', 'readwrite', STRICT)
      await Promise.all([write.store.put(kept), write.done])
    })
  }

  async remove(id: string): Promise<void> {
    const write = this.#database.transaction('draft', 'readwrite', STRICT)
    await Promise.all([write.store.delete(id), write.done])
  }
}
