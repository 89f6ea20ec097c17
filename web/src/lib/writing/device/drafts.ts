/** The drafts that this device keeps, also while they are sent. They must survive a crash of the browser. */
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import { tried, type DraftCopies } from './draft-copies.ts'
import type { Database } from '#lib/cache/schema.ts'
import type { Transactions } from '#lib/cache/transactions.ts'

const STRICT = { durability: 'strict' } as const

/**
 * A copy that the local storage does not take has a record of its own, since another tab may have written the draft
 * meanwhile. Its key is this and the id of the draft.
 */
const COPY = 'last:'

/** Characters of a draft. A browser keeps five million for the whole origin. */
const MOST = 262_144

/** `copy`: the draft as a page had it that was hidden or left. A result of null removes the draft with its files. */
export type KeptChange = (found: KeptDraft | null, copy: KeptDraft | null) => KeptDraft | null

export class KeptDrafts {
  readonly #database: Database
  readonly #spared: (write: () => Promise<unknown>) => Promise<unknown>
  readonly #copies: DraftCopies
  readonly #transactions: Transactions

  /** `spared` runs a write; on a full disk it first deletes what the mail server has, too. */
  constructor(
    database: Database,
    spared: (write: () => Promise<unknown>) => Promise<unknown>,
    copies: DraftCopies,
    transactions: Transactions
  ) {
    this.#database = database
    this.#spared = spared
    this.#copies = copies
    this.#transactions = transactions
  }

  async all(): Promise<KeptDraft[]> {
    return (await this.#database.getAll('draft')).filter(({ id }) => !id.startsWith(COPY))
  }

  /** Ids of drafts that have a copy whose words may not be in the draft yet. */
  async copied(): Promise<string[]> {
    const ids = await this.#database.getAllKeys('draft')
    const copied = ids.filter((id) => id.startsWith(COPY)).map((id) => id.slice(COPY.length))
    return [...new Set([...copied, ...this.#copies.ids()])]
  }

  /** Raises what the browser says if it cannot be kept. */
  async put(kept: KeptDraft): Promise<void> {
    await this.change(kept.id, () => kept)
  }

  /** Copies the draft at once, since the page may end before a change is made. False: there is no copy. */
  putCopy(kept: KeptDraft): boolean {
    try {
      // InvalidStateError: the database is closed, since somebody has signed out.
      this.#database.transaction('draft')
      return this.#copy(kept)
    } catch {
      return false
    }
  }

  /** Copies the draft when the page is left, and no change runs any more: a write would wait for it, and the browser drops
   * what still waits when the page ends. */
  putOnLeave(kept: KeptDraft): void {
    if (this.putCopy(kept)) {
      return
    }
    try {
      const write = this.#database.transaction('draft', 'readwrite', STRICT)
      // Nobody learns whether it is written: the page is gone.
      Promise.all([write.store.put({ ...kept, id: COPY + kept.id }), write.done]).catch(() => undefined)
      write.commit()
    } catch {
      // InvalidStateError: the database is closed, since somebody has signed out.
    }
  }

  /** Changes it in one transaction, for which other tabs wait. Raises what the browser says if it cannot be kept. */
  async change(id: string, change: KeptChange): Promise<void> {
    await this.#again(() => this.#spared(() => this.#change(id, change)))
  }

  /** Once more, when the page is back, if it failed because the page was left. */
  async #again(work: () => Promise<unknown>): Promise<void> {
    const { leavings } = this.#transactions
    try {
      await work()
    } catch (failure) {
      if (leavings === this.#transactions.leavings && !this.#transactions.left) throw failure
      await this.#transactions.left?.promise
      await this.#again(work)
    }
  }

  async #change(id: string, change: KeptChange): Promise<void> {
    const write = this.#database.transaction(['draft', 'file'], 'readwrite', STRICT)
    const drafts = write.objectStore('draft')
    const [found, record] = await Promise.all([drafts.get(id), drafts.get(COPY + id)])
    const copy = this.#copyOf(id)
    const next = change(found ?? null, copy?.kept ?? (record ? { ...record, id } : null))
    const stay = new Set(next?.draft.files.map((file) => file.id))
    const lost = (found?.draft.files ?? []).filter((file) => !stay.has(file.id))
    await Promise.all([
      next ? drafts.put(next) : drafts.delete(id),
      record && drafts.delete(COPY + id),
      ...lost.map((file) => write.objectStore('file').delete(file.id)),
      write.done
    ])
    copy?.drop()
  }

  /** False: the draft is too long, or the local storage is full. */
  #copy(kept: KeptDraft): boolean {
    const text = JSON.stringify(kept)
    const put = (storage: Storage): boolean => (storage.setItem(this.#copies.prefix + kept.id, text), true)
    return text.length <= MOST && tried(put, false)
  }

  /** `drop` removes the copy, unless a newer one replaced it. */
  #copyOf(id: string): { readonly kept: KeptDraft; readonly drop: () => void } | null {
    return tried((storage) => {
      const key = this.#copies.prefix + id
      const text = storage.getItem(key)
      const drop = (): void =>
        tried(() => (storage.getItem(key) === text ? storage.removeItem(key) : undefined), undefined)
      const kept = JSON.parse(text ?? 'null') as KeptDraft | null
      return kept && { kept, drop }
    }, null)
  }

  async remove(id: string): Promise<void> {
    await this.change(id, () => null)
  }

  /** Raises what the browser says if it cannot be kept. */
  async putFile(id: string, content: Blob): Promise<void> {
    const put = async (): Promise<void> => {
      const write = this.#database.transaction('file', 'readwrite', STRICT)
      await Promise.all([write.store.put(content, id), write.done])
    }
    await this.#again(() => this.#spared(put))
  }

  file(id: string): Promise<Blob | undefined> {
    return this.#database.get('file', id)
  }

  /** Files that belong to no draft: their tab ended before it kept the draft. */
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
