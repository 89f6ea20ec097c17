import 'fake-indexeddb/auto'
import { PREFIX } from '#lib/cache/cache.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
import { openDB } from 'idb'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.restoreAllMocks()
})

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

test('a database that does not open hides no draft of the others', async () => {
  const database = await openDB(`${PREFIX}readable`, 1, { upgrade: (db) => void db.createObjectStore('draft') })
  await database.put('draft', 'text', 'id')
  database.close()
  const before = await unsentOnThisDevice()
  const open = indexedDB.open.bind(indexedDB)
  vi.spyOn(indexedDB, 'open').mockImplementation((name, version) => {
    if (name === `${PREFIX}empty`) throw new DOMException('it is broken')
    return open(name, version)
  })
  expect(await unsentOnThisDevice()).toBe(before)
})

test('a browser that cannot list its databases has nothing unsent that it could tell', async () => {
  vi.spyOn(indexedDB, 'databases').mockRejectedValue(new DOMException('not here'))
  expect(await unsentOnThisDevice()).toBe(0)
})
