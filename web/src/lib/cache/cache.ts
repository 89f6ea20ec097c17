/**
 * What this device keeps of one account, so that the list is painted before the network answers. The server is the
 * truth: whatever is wrong with the database, it is deleted and filled again.
 */
import type { Id, Mailbox } from '#lib/jmap/types.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import { KeptOutbox } from '#lib/actions/device/outbox.ts'
import type { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { DraftCopies } from '#lib/writing/device/draft-copies.ts'
import type { Changes, Database, KeptBody, KeptStates, KeptThreads, Schema, NotificationLevel } from './schema.ts'
import type { KeptSearches } from '#lib/search/device/searches.ts'
import { Transactions } from './transactions.ts'
import { deleteDB, openDB, unwrap, type IDBPTransaction, type StoreNames } from 'idb'

export type { Changes, KeptBody, KeptList, KeptStates, KeptThreads, NotificationLevel } from './schema.ts'

/** Part of the name: code of another format never meets the data of this one. */
const FORMAT = 3
export const PREFIX = 'postroom-mail-'

/** Rows that are kept. */
const MOST_ROWS = 20_000

export class Cache {
  readonly name: string
  readonly #database: Database
  readonly #copies: DraftCopies
  readonly transactions: Transactions

  private constructor(name: string, database: Database) {
    this.name = name
    this.#database = database
    this.#copies = new DraftCopies(ownerIn(name))
    this.transactions = new Transactions(unwrap(database))
  }

  /** null where the browser keeps nothing (a private window), or what it kept is broken beyond deletion. */
  static async open(owner: string): Promise<Cache | null> {
    const name = `${PREFIX}${FORMAT}-${owner}`
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        return new Cache(name, await openDB<Schema>(name, FORMAT, { upgrade, blocking }))
      } catch (failure) {
        // It is not broken, and it holds the drafts: without room on this device nothing is read or kept for now.
        if (failure instanceof DOMException && failure.name === 'QuotaExceededError') {
          return null
        }
        // A failed upgrade, or a file that the browser cannot read. It holds the drafts, so one failure is not enough.
        if (attempt > 0) {
          await remove(name)
        }
      }
    }
    return null
  }

  /** The one that is there, whoever it belongs to: nothing of it may be shown before that is known. Each start deletes
   * those of other people. */
  static async last(): Promise<Cache | null> {
    const name = (await databaseNames()).find((found) => found.startsWith(`${PREFIX}${FORMAT}-`))
    return name === undefined ? null : Cache.open(name.slice(`${PREFIX}${FORMAT}-`.length))
  }

  isOf(owner: string): boolean {
    return this.name === `${PREFIX}${FORMAT}-${owner}`
  }

  /** Delete what other people, or other versions, left on this device; what the same person wrote and did, and the mail
   * server has not, is carried over. */
  async deleteOthers(): Promise<void> {
    this.#copies.forgetOthers()
    for (const name of await databaseNames()) {
      if (name !== this.name) {
        // What cannot be carried over now, on a full disk, say, is tried again at the next start.
        const isAdopted = ownerIn(name) !== ownerIn(this.name) || (await this.#adopt(name))
        await (isAdopted && remove(name))
      }
    }
  }

  async #adopt(name: string): Promise<boolean> {
    try {
      await (await import('./adoption.ts')).adopt(name, await this.drafts(), this.outbox)
      return true
    } catch {
      return false
    }
  }

  async start(): Promise<{
    states: KeptStates | null
    mailboxes: Mailbox[]
    drafts: number
    entries: Entry[]
  }> {
    const read = this.#database.transaction(['meta', 'mailbox', 'draft', 'outbox'])
    const [states, mailboxes, drafts, entries] = await Promise.all([
      read.objectStore('meta').get('states'),
      read.objectStore('mailbox').getAll(),
      read.objectStore('draft').count(),
      read.objectStore('outbox').getAll()
    ])
    return { states: states ?? null, mailboxes, drafts: drafts + this.#copies.ids().length, entries }
  }

  async threads(key: string): Promise<KeptThreads | null> {
    const read = this.#database.transaction(['meta', 'list', 'thread', 'email'])
    const [states = null, list] = await Promise.all([
      read.objectStore('meta').get('states'),
      read.objectStore('list').get(key)
    ])
    if (!list) {
      return null
    }
    const emails = read.objectStore('email')
    const listed = present(await Promise.all(list.ids.map((id) => emails.get(id))))
    const threadIds = [...new Set(listed.map(({ threadId }) => threadId))]
    const threads = present(await Promise.all(threadIds.map((id) => read.objectStore('thread').get(id))))
    const members = threads.flatMap(({ emailIds }) => emailIds).filter((id) => !list.ids.includes(id))
    listed.push(...present(await Promise.all(members.map((id) => emails.get(id)))))
    return { states, list, threads, emails: listed }
  }

  /** `changesFor` is told the states of what is kept, which may be of another tab; null: nothing is written. Returns
   * whether all that was kept before is kept still. Raises what the browser says if nothing could be written. */
  async write(changesFor: (found: KeptStates | null) => Changes | null): Promise<boolean> {
    return this.#spared(async () => {
      const stores: StoreNames<Schema>[] = ['meta', 'mailbox', 'thread', 'email', 'list']
      const write = this.#database.transaction(stores, 'readwrite', { durability: 'relaxed' })
      const changes = changesFor((await write.objectStore('meta').get('states')) ?? null)
      await (changes ? put(write, changes) : write.done)
    })
  }

  /** Whether there were too many rows: the oldest are deleted. */
  async evictRows(): Promise<boolean> {
    if ((await this.#database.count('email')) <= MOST_ROWS) {
      return false
    }
    await (await import('./eviction.ts')).evictRows(this.#database)
    return true
  }

  async bodies(ids: readonly Id[], now: number): Promise<KeptBody[]> {
    const use = this.#database.transaction('body', 'readwrite', { durability: 'relaxed' })
    const found = present(await Promise.all(ids.map((id) => use.store.get(id))))
    // A person waits for the bodies, nobody for the note that they were used.
    Promise.all([...found.map((kept) => use.store.put({ ...kept, usedAt: now })), use.done]).catch(() => undefined)
    return found
  }

  /** The messages whose body is kept. Keys only: the values would all be read. */
  bodyIds(): Promise<Id[]> {
    return this.#database.getAllKeys('body')
  }

  async keepBody(kept: KeptBody): Promise<void> {
    await this.#spared(() => this.#database.put('body', kept))
  }

  async evictBodies(): Promise<void> {
    await (await import('./eviction.ts')).evictBodies(this.#database)
  }

  /** Loaded on use: the first view needs nothing of it. */
  async drafts(): Promise<KeptDrafts> {
    const { KeptDrafts } = await import('#lib/writing/device/drafts.ts')
    return new KeptDrafts(this.#database, (write) => this.#spared(write), this.#copies, this.transactions)
  }

  get outbox(): KeptOutbox {
    return new KeptOutbox(this.#database)
  }

  /** Raises what the browser says if it cannot be kept. */
  async addEntry(entry: Entry): Promise<void> {
    await this.#spared(() => this.outbox.add(entry))
  }

  async notificationLevel(): Promise<NotificationLevel> {
    return (await this.#database.get('wish', 'wish')) ?? 'none'
  }

  async keepNotificationLevel(level: NotificationLevel): Promise<void> {
    await this.#database.put('wish', level, 'wish')
  }

  /** Loaded on use: the first view needs nothing of it. */
  async searches(isCurrent: (states: KeptStates | null) => boolean): Promise<KeptSearches> {
    const { KeptSearches } = await import('#lib/search/device/searches.ts')
    return new KeptSearches(this.#database, isCurrent)
  }

  /** Nothing of this person stays; what the next one keeps does. */
  async clear(): Promise<void> {
    this.#database.close()
    this.#copies.forget()
    await remove(this.name)
  }

  close(): void {
    this.#database.close()
  }

  /** A full disk costs the bodies first, then the rows: never what the person wrote or did. Whether the rows are still
   * there. */
  async #spared(write: () => Promise<unknown>): Promise<boolean> {
    for (const stores of [['body'], ['list', 'thread', 'email']] as const) {
      try {
        await write()
        return true
      } catch (failure) {
        if (!(failure instanceof DOMException) || failure.name !== 'QuotaExceededError') {
          throw failure
        }
        await Promise.all(stores.map((store) => this.#database.clear(store))).catch(() => undefined)
      }
    }
    await write()
    return false
  }
}

async function put(write: IDBPTransaction<Schema, StoreNames<Schema>[], 'readwrite'>, changes: Changes): Promise<void> {
  const emails = write.objectStore('email')
  if (changes.anew) {
    await Promise.all([emails.clear(), write.objectStore('thread').clear(), write.objectStore('list').clear()])
  }
  if (changes.mailboxes) {
    await write.objectStore('mailbox').clear()
  }
  await Promise.all([
    write.objectStore('meta').put(changes.states, 'states'),
    ...(changes.mailboxes ?? []).map((mailbox) => write.objectStore('mailbox').put(mailbox)),
    ...changes.emails.map((email) => emails.put(email)),
    ...changes.removed.map((id) => emails.delete(id)),
    ...changes.threads.map((thread) => write.objectStore('thread').put(thread)),
    changes.list && write.objectStore('list').put(changes.list),
    write.done
  ])
}

function upgrade(database: Database): void {
  database.createObjectStore('meta')
  database.createObjectStore('wish')
  for (const store of ['mailbox', 'thread', 'email', 'draft'] as const) {
    database.createObjectStore(store, { keyPath: 'id' })
  }
  database.createObjectStore('outbox', { autoIncrement: true })
  database.createObjectStore('search')
  database.createObjectStore('file')
  database.createObjectStore('list', { keyPath: 'key' })
  database.createObjectStore('body', { keyPath: 'id' }).createIndex('used', ['usedAt', 'size'])
}

/** Another tab deletes the database, at a logout: make way. */
function blocking(_: number, __: number | null, event: IDBVersionChangeEvent): void {
  ;(event.target as IDBDatabase).close()
}

async function remove(name: string): Promise<void> {
  try {
    await deleteDB(name)
  } catch {
    // The browser keeps nothing, or cannot delete it now; it is overwritten or tried again at the next start.
  }
}

/** The databases of all people and versions; none where the browser keeps nothing, or does not tell. */
export async function databaseNames(): Promise<string[]> {
  try {
    return (await indexedDB.databases()).flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name] : []))
  } catch {
    return []
  }
}

export function ownerIn(name: string): string {
  return name.slice(PREFIX.length).replace(/^\d+-/, '')
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined)
}
