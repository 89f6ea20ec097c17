/** WebKit keeps a page that is left, with the transactions that it had: whatever is asked next waits for them. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB, unwrap, type IDBPDatabase } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cache } from '#lib/cache/cache.ts'
import { Transactions } from '#lib/cache/transactions.ts'
import { ModelServer } from './model-server.ts'
import { deliver, opened, shown } from './scene.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
})

function database(): Promise<IDBPDatabase> {
  return openDB('mail', 1, { upgrade: (made) => void made.createObjectStore('email') })
}

async function left(): Promise<{ page: IDBPDatabase; next: IDBPDatabase; transactions: Transactions }> {
  const page = await database()
  return { page, next: await database(), transactions: new Transactions(unwrap(page)) }
}

/** Each of its steps waits for the one before: those of a page that is kept never come. */
async function endless(page: IDBPDatabase): Promise<never> {
  const { store } = page.transaction('email', 'readwrite')
  for (;;) await store.put(1, 'a')
}

test('the next page waits for no transaction of a page that is left', async () => {
  const { page, next, transactions } = await left()
  const work = endless(page)
  const written = next.put('email', 2, 'b')
  transactions.leave()
  await expect(work).rejects.toThrow('aborted')
  expect(await written).toBe('b')
})

test('what begins while the page is left is done only if it is committed at once, until the page is back', async () => {
  const { page, next, transactions } = await left()
  transactions.leave()
  const last = page.transaction('email', 'readwrite')
  const put = last.store.put(1, 'last words')
  last.commit()
  await put
  await expect(endless(page)).rejects.toThrow('aborted')
  expect(await next.getAllKeys('email')).toEqual(['last words'])
  transactions.return()
  await page.put('email', 1, 'more')
  expect(await next.getAllKeys('email')).toEqual(['last words', 'more'])
})

test('mail is shown though what this device keeps never answers', async () => {
  const server = new ModelServer()
  deliver(server, 1)
  const before = await opened(server)
  await before.world.pass(1_000)
  before.mail.stop()
  vi.spyOn(Cache.prototype, 'start').mockReturnValue(new Promise(() => undefined))
  const scene = await opened(server)
  expect(shown(scene)).toEqual([])
  await scene.world.pass(12_000)
  expect(shown(scene)).toHaveLength(1)
})

test('a message is shown though what this device keeps of it never answers', async () => {
  vi.spyOn(Cache.prototype, 'bodies').mockReturnValue(new Promise(() => undefined))
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  const { mail, world } = await opened(server)
  mail.reader.open('a')
  await world.pass(12_000)
  expect(mail.reader.conversation?.messages.map(({ body }) => body !== null)).toEqual([true])
})
