/** Counts what this device keeps unsent, of whoever used it, without opening the mail page. */
import { openDB } from 'idb'
import { PREFIX } from '#lib/cache/cache.ts'

export async function unsentOnThisDevice(): Promise<number> {
  const databases = await indexedDB.databases()
  const names = databases.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name] : []))
  const counts = await Promise.all(names.map(draftsIn))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function draftsIn(name: string): Promise<number> {
  const database = await openDB(name)
  try {
    return database.objectStoreNames.contains('draft') ? await database.count('draft') : 0
  } finally {
    database.close()
  }
}
