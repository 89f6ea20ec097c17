/** Carries over what another version of this page kept of the same person, and nobody else has. */
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import { openDB, type IDBPDatabase } from 'idb'
import type { KeptDrafts } from '#lib/writing/device/drafts.ts'
import type { KeptOutbox } from '#lib/actions/device/outbox.ts'

/** Raises what the browser says if it could not be carried over; then it is still there. */
export async function adopt(name: string, drafts: KeptDrafts, outbox: KeptOutbox): Promise<void> {
  const other = await openDB(name)
  try {
    for (const draft of await all(other, 'draft')) {
      const kept = draft as KeptDraft
      // One that was carried over before, when the other database could not be deleted, may be newer here.
      await drafts.change(kept.id, (found) => found ?? kept)
    }
    // Later: a file that no draft has would be removed.
    for (const id of has(other, 'file') ? await other.getAllKeys('file') : []) {
      await drafts.putFile(id as string, (await other.get('file', id)) as Blob)
    }
    for (const entry of await all(other, 'outbox')) {
      await outbox.addMissing({ ...(entry as Entry), attempted: true }, () => true)
    }
    const stores = ['draft', 'file', 'outbox'].filter((store) => has(other, store))
    await Promise.all(stores.map((store) => other.clear(store)))
  } finally {
    other.close()
  }
}

function has(database: IDBPDatabase, store: string): boolean {
  return database.objectStoreNames.contains(store)
}

async function all(database: IDBPDatabase, store: string): Promise<unknown[]> {
  return has(database, store) ? database.getAll(store) : []
}
