/** WebKit keeps a page that is left, with the transactions that it had: whatever is asked next waits for them. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB, unwrap, type IDBPDatabase } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cache } from '#lib/cache/cache.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
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

function isOpen(transaction: IDBTransaction): boolean {
  try {
    return Boolean(transaction.objectStore(transaction.objectStoreNames[0] ?? ''))
  } catch {
    return false // InvalidStateError: it is committed, or has ended.
  }
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

test('what is done in the moment in which a page is back is kept until the mail server has it, and no longer', async () => {
  const server = new ModelServer()
  deliver(server, 1)
  const { mail, world } = await opened(server)
  await world.pass(1_000)
  world.leave()
  world.return()
  mail.actions.run({ kind: 'star', on: true }, ['t1'])
  await world.pass(500)
  expect([mail.actions.waiting, await unsentOnThisDevice(world.time + 60_000)]).toEqual([0, 0])
})

test('what counts the unsent is committed at once, since nobody ends it when its page is left', async () => {
  const { mail, world } = await opened()
  await world.pass(1_000)
  mail.stop()
  const open: string[] = []
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its object below
  const begin = IDBDatabase.prototype.transaction
  const begun = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...of) {
    const one = begin.apply(this, of)
    queueMicrotask(() => isOpen(one) && open.push(...one.objectStoreNames))
    return one
  })
  await unsentOnThisDevice(world.time)
  expect([begun.mock.calls.length, open]).toEqual([2, []])
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
