/** Counts what this device keeps unsent, of whoever used it, without opening the mail page. */
import { isUnsent, type KeptDraft } from '#lib/compose/draft.ts'
import type { Entry } from '#lib/outbox/entry.ts'
import { openDB, type IDBPDatabase } from 'idb'
import { databaseNames, ownerIn } from '#lib/cache/cache.ts'
import { LastWords } from '#lib/cache/last-words.ts'

/** Milliseconds. What was done a moment ago is on its way. */
const ON_ITS_WAY = 5_000

/** Drafts that the mail server lacks, messages that it has not sent, and actions that wait for the mail server. */
export async function unsentOnThisDevice(now: number): Promise<number> {
  const names = await databaseNames()
  // One that does not open must not hide what the others keep, nor hold up who wants to sign out.
  const counts = await Promise.all(names.map((name) => unsentIn(name, now).catch(() => 0)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function unsentIn(name: string, now: number): Promise<number> {
  const database = await openDB(name)
  try {
    const has = (store: string): boolean => database.objectStoreNames.contains(store)
    return (
      (has('draft') ? await lackingIn(database, new LastWords(ownerIn(name))) : 0) +
      (has('outbox') ? await waitingIn(database, now) : 0)
    )
  } finally {
    database.close()
  }
}

/** What a page that was left had of a draft is no draft of its own (KeptDrafts.putLast). */
async function lackingIn(database: IDBPDatabase, words: LastWords): Promise<number> {
  const transaction = database.transaction('draft')
  const [keys, drafts] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll()])
  const lacking = keys.filter((_, at) => isUnsent(drafts[at] as KeptDraft))
  return new Set([...lacking.map((key) => (key as string).replace(/^last:/u, '')), ...words.ids()]).size
}

async function waitingIn(database: IDBPDatabase, now: number): Promise<number> {
  const entries = (await database.getAll('outbox')) as Entry[]
  return entries.filter(({ at }) => Math.abs(now - at) > ON_ITS_WAY).length
}
