/** The messages that are being written or sent, as this device keeps them. They must survive a crash of the browser. */
import type { KeptDraft } from '#lib/compose/draft.ts'
import type { LastWords } from './last-words.ts'
import type { Database } from './schema.ts'

const STRICT = { durability: 'strict' } as const

/**
 * What was typed last in a page that is gone has a place of its own: another tab may have written the draft meanwhile. This
 * one is for what finds no room among the last words.
 */
const LAST = 'last:'

/** `last`: what a page that was left had of it. null: nothing, or it is removed with its files. */
export type KeptChange = (found: KeptDraft | null, last: KeptDraft | null) => KeptDraft | null

export class KeptDrafts {
  readonly #database: Database
  readonly #spared: (write: () => Promise<unknown>) => Promise<unknown>
  readonly #words: LastWords
  /** changes that are being made */
  readonly #running = new Set<{ abort(): void; readonly done: Promise<void> }>()

  /** `spared` runs a write; on a full disk it costs what the mail server has, too. */
  constructor(database: Database, spared: (write: () => Promise<unknown>) => Promise<unknown>, words: LastWords) {
    this.#database = database
    this.#spared = spared
    this.#words = words
  }

  async all(): Promise<KeptDraft[]> {
    return (await this.#database.getAll('draft')).filter(({ id }) => !id.startsWith(LAST))
  }

  /** Drafts of which a page that was left had words that are not among those of the draft yet. */
  async left(): Promise<string[]> {
    const ids = await this.#database.getAllKeys('draft')
    const left = ids.filter((id) => id.startsWith(LAST)).map((id) => id.slice(LAST.length))
    return [...new Set([...left, ...this.#words.ids()])]
  }

  /** Raises what the browser says if it cannot be kept. */
  async put(kept: KeptDraft): Promise<void> {
    await this.change(kept.id, () => kept)
  }

  /** At once, for a page that may be gone before a change is made. False: it is not kept. */
  putWords(kept: KeptDraft): boolean {
    try {
      // InvalidStateError: the database is closed, since somebody has signed out.
      this.#database.transaction('draft')
      return this.#words.put(kept)
    } catch {
      return false
    }
  }

  /**
   * The last request of a page, which gets no response any more. If there is no other place, it calls off the changes that
   * are being made, of any draft: it would wait for them, and a browser drops what still waits when the page goes.
   */
  putLast(kept: KeptDraft): void {
    if (this.putWords(kept)) {
      return
    }
    try {
      const write = this.#database.transaction('draft', 'readwrite', STRICT)
      // Whether it is written nobody learns: the page is gone.
      Promise.all([write.store.put({ ...kept, id: LAST + kept.id }), write.done]).catch(() => undefined)
      write.commit()
      for (const change of this.#running) {
        this.#running.delete(change)
        change.done.catch(() => undefined)
        change.abort()
      }
    } catch {
      // InvalidStateError: the database is closed, since somebody has signed out; or a change is as good as done.
    }
  }

  /** In one transaction, which other tabs wait for. Raises what the browser says if it cannot be kept. */
  async change(id: string, change: KeptChange): Promise<void> {
    await this.#spared(() => this.#change(id, change))
  }

  async #change(id: string, change: KeptChange): Promise<void> {
    const write = this.#database.transaction(['draft', 'file'], 'readwrite', STRICT)
    this.#running.add(write)
    try {
      const drafts = write.objectStore('draft')
      const [found, last] = await Promise.all([drafts.get(id), drafts.get(LAST + id)])
      const words = this.#words.find(id)
      const next = change(found ?? null, words?.kept ?? (last ? { ...last, id } : null))
      const stay = new Set(next?.draft.files.map((file) => file.id))
      const lost = (found?.draft.files ?? []).filter((file) => !stay.has(file.id))
      await Promise.all([
        next ? drafts.put(next) : drafts.delete(id),
        last && drafts.delete(LAST + id),
        ...lost.map((file) => write.objectStore('file').delete(file.id)),
        write.done
      ])
      words?.drop()
    } catch (failure) {
      if (this.#running.has(write)) throw failure
      // `putLast` called it off, and the page is there again.
      await this.#change(id, change)
    } finally {
      this.#running.delete(write)
    }
  }

  async remove(id: string): Promise<void> {
    await this.change(id, () => null)
  }

  /** Raises what the browser says if it cannot be kept. */
  async putFile(id: string, content: Blob): Promise<void> {
    await this.#spared(async () => {
      const write = this.#database.transaction('file', 'readwrite', STRICT)
      await Promise.all([write.store.put(content, id), write.done])
    })
  }

  file(id: string): Promise<Blob | undefined> {
    return this.#database.get('file', id)
  }

  /** Files that no draft has: of a tab that was gone before it kept the draft. */
  async unusedFiles(): Promise<string[]> {
    const read = this.#database.transaction(['draft', 'file'])
    const [drafts, ids] = await Promise.all([read.objectStore('draft').getAll(), read.objectStore('file').getAllKeys()])
    const used = new Set(drafts.flatMap(({ draft }) => draft.files.map(({ id }) => id)))
    return ids.filter((id) => !used.has(id))
  }

  async removeFiles(ids: readonly string[]): Promise<void> {
    const write = this.#database.transaction('file', 'readwrite', STRICT)
    await Promise.all([...ids.map((id) => write.store.delete(id)), write.done])
  }
}
