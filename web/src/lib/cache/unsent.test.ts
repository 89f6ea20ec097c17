import 'fake-indexeddb/auto'
import { PREFIX } from '#lib/cache/cache.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
import { openDB } from 'idb'
import { expect, test } from 'vitest'

test('unsent drafts of every account on this device are counted', async () => {
  expect(await unsentOnThisDevice()).toBe(0)
  for (const account of ['one', 'two']) {
    const database = await openDB(PREFIX + account, 1, { upgrade: (db) => void db.createObjectStore('draft') })
    await database.put('draft', 'text', 'id')
    database.close()
  }
  await openDB('of another program', 1, { upgrade: (db) => void db.createObjectStore('draft') })
  await openDB(`${PREFIX}empty`, 1)
  expect(await unsentOnThisDevice()).toBe(2)
})
