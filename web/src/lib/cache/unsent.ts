/** Counts what this device keeps unsent, of whoever used it, without opening the mail page. */
import { openDB } from 'idb'
import { databaseNames } from '#lib/cache/cache.ts'

export async function unsentOnThisDevice(): Promise<number> {
  const names = await databaseNames()
  // One that does not open must not hide what the others keep, nor hold up who wants to sign out.
  const counts = await Promise.all(names.map((name) => draftsIn(name).catch(() => 0)))
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
