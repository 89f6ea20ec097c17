/** Counts what this device keeps unsent, of whoever used it, without opening the mail page. */
import { isUnsent, type KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import { openDB, type IDBPDatabase } from 'idb'
import { databaseNames, ownerIn } from '#lib/cache/cache.ts'
import { DraftCopies } from '#lib/writing/device/draft-copies.ts'

/** Milliseconds. An action of a moment ago is being sent. */
const ON_ITS_WAY = 5_000

/** Drafts that the mail server lacks, messages that it has not sent, and actions that wait for the mail server. */
export async function unsentOnThisDevice(now: number): Promise<number> {
  const names = await databaseNames()
  // A database that does not open must neither hide what the others keep nor delay a sign-out.
  const counts = await Promise.all(names.map((name) => unsentIn(name, now).catch(() => 0)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function unsentIn(name: string, now: number): Promise<number> {
  const database = await openDB(name)
  try {
    const has = (store: string): boolean => database.objectStoreNames.contains(store)
    return (
      (has('draft') ? await lackingIn(database, new DraftCopies(ownerIn(name))) : 0) +
      (has('outbox') ? await waitingIn(database, now) : 0)
    )
  } finally {
    database.close()
  }
}

/** A copy of a draft (KeptDrafts.putOnLeave) does not count as another draft. */
async function lackingIn(database: IDBPDatabase, copies: DraftCopies): Promise<number> {
  const read = database.transaction('draft')
  const found = Promise.all([read.store.getAllKeys(), read.store.getAll()])
  read.commit() // or WebKit keeps it with a page that is left, and others wait for it (Transactions)
  const [keys, drafts] = await found
  const lacking = keys.filter((_, at) => isUnsent(drafts[at] as KeptDraft))
  return new Set([...lacking.map((key) => (key as string).replace(/^last:/u, '')), ...copies.ids()]).size
}

async function waitingIn(database: IDBPDatabase, now: number): Promise<number> {
  const read = database.transaction('outbox')
  const found = read.store.getAll() as Promise<Entry[]>
  read.commit()
  return (await found).filter(({ at }) => Math.abs(now - at) > ON_ITS_WAY).length
}
