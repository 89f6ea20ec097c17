import 'fake-indexeddb/auto'
import { Cache, PREFIX } from '#lib/cache/cache.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
import { EMPTY, newlyKept } from '#lib/writing/domain/draft.ts'
import { openDB } from 'idb'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.restoreAllMocks()
})

const NOW = 1_000_000

async function keepDraft(account: string): Promise<void> {
  const database = await openDB(PREFIX + account, 1, { upgrade: (db) => void db.createObjectStore('draft') })
  const draft = { ...newlyKept('id', EMPTY, { writer: '', now: 0 }), revision: 1 }
  await database.put('draft', draft, 'id')
  database.close()
}

test('unsent drafts of every account on this device are counted', async () => {
  expect(await unsentOnThisDevice(NOW)).toBe(0)
  for (const account of ['one', 'two']) await keepDraft(account)
  await openDB('of another program', 1, { upgrade: (db) => void db.createObjectStore('draft') })
  await openDB(`${PREFIX}empty`, 1)
  expect(await unsentOnThisDevice(NOW)).toBe(2)
})

test('a database that does not open hides no draft of the others', async () => {
  await keepDraft('readable')
  const before = await unsentOnThisDevice(NOW)
  const open = indexedDB.open.bind(indexedDB)
  vi.spyOn(indexedDB, 'open').mockImplementation((name, version) => {
    if (name === `${PREFIX}empty`) throw new DOMException('it is broken')
    return open(name, version)
  })
  expect(await unsentOnThisDevice(NOW)).toBe(before)
})

test('a browser that cannot list its databases has nothing unsent that it could tell', async () => {
  vi.spyOn(indexedDB, 'databases').mockRejectedValue(new DOMException('not here'))
  expect(await unsentOnThisDevice(NOW)).toBe(0)
})

test('actions that wait are counted, but for those of a moment ago', async () => {
  const before = await unsentOnThisDevice(NOW)
  const cache = await Cache.open('waiting/a')
  for (const [id, at] of [
    ['old', 0],
    ['new', NOW - 100]
  ] as const) {
    await cache?.outbox.add({ id, at, patches: [], names: {}, attempted: false })
  }
  expect(await unsentOnThisDevice(NOW)).toBe(before + 1)
  cache?.close()
})
