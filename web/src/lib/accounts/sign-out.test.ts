import 'fake-indexeddb/auto'
import { signOut, type Leaving, type SignedOut } from '#lib/accounts/sign-out.ts'
import { afterEach, expect, test, vi } from 'vitest'

interface Seen {
  asked: number[]
  left: string[]
  told?: number
}

function leaving(seen: Seen, more: Partial<Leaving> = {}): Leaving {
  return {
    client: { signOut: () => Promise.resolve(true) },
    unsent: () => Promise.resolve(0),
    ask: (unsent) => {
      seen.asked.push(unsent)
      return Promise.resolve(false)
    },
    databases: indexedDB,
    caches: null,
    forgetCopies: () => undefined,
    tellOthers: () => (seen.told = (seen.told ?? 0) + 1),
    leave: (page) => seen.left.push(page),
    ...more
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(new Error(`${name} does not open`))
  })
}

/** Signs out, with time that passes as fast as it can. */
async function patiently(leaving: Leaving): Promise<SignedOut> {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const done = signOut(leaving)
  await vi.advanceTimersByTimeAsync(2_000)
  return done
}

afterEach(() => vi.useRealTimers())

async function databases(): Promise<number> {
  return (await indexedDB.databases()).length
}

test('every database of the person is gone, and what was typed last, before the page is loaded anew', async () => {
  for (const name of ['mail', 'outbox']) (await openDatabase(name)).close()
  const seen: Seen = { asked: [], left: [] }
  const left: Promise<number>[] = []
  expect(await signOut(leaving(seen, { forgetCopies: () => left.push(databases()) }))).toBe('left')
  // Last: a page whose database is deleted puts its last words nowhere.
  expect(await Promise.all(left)).toEqual([0])
  expect(seen).toMatchObject({ asked: [], left: ['/sign-in'] })
})

test('files of the interface are gone as well, and whom the service named', async () => {
  const names = new Set(['postroom-build-1', 'postroom-person'])
  const caches = {
    keys: () => Promise.resolve([...names]),
    delete: (name: string) => Promise.resolve(names.delete(name))
  }
  expect(await signOut(leaving({ asked: [], left: [] }, { caches }))).toBe('left')
  expect([...names]).toEqual([])
})

test('something unsent is asked about, and the person may stay', async () => {
  ;(await openDatabase('outbox')).close()
  const seen: Seen = { asked: [], left: [] }
  expect(await signOut(leaving(seen, { unsent: () => Promise.resolve(3) }))).toBe('stayed')
  expect(await databases()).toBe(1)
  expect(seen).toEqual({ asked: [3], left: [] })
  const anyway = leaving(seen, { unsent: () => Promise.resolve(3), ask: () => Promise.resolve(true) })
  expect(await signOut(anyway)).toBe('left')
})

test('a database that another tab holds open does not hold up signing out', async () => {
  const held = await openDatabase('mail')
  const seen: Seen = { asked: [], left: [] }
  expect(await patiently(leaving(seen))).toBe('left')
  held.close()
})

test('a session that may still live keeps the page, so that nobody wrongly believes to be signed out', async () => {
  const seen: Seen = { asked: [], left: [] }
  expect(await signOut(leaving(seen, { client: { signOut: () => Promise.resolve(false) } }))).toBe('failed')
  expect(seen.left).toEqual([])
})

test('nothing that this device keeps, or cannot tell, holds up signing out', async () => {
  const seen: Seen = { asked: [], left: [] }
  const unreadable = () => Promise.reject(new DOMException('it does not open'))
  const databases = { databases: unreadable, deleteDatabase: (name: string) => indexedDB.deleteDatabase(name) }
  expect(await signOut(leaving(seen, { unsent: unreadable, databases }))).toBe('left')
  expect(await signOut(leaving(seen, { databases: {} as IDBFactory }))).toBe('left')
  expect(await signOut(leaving(seen, { databases: null }))).toBe('left')
  expect(seen.left).toHaveLength(3)
})

test('the other tabs are told once the session has ended, and not before', async () => {
  const seen: Seen = { asked: [], left: [] }
  await signOut(leaving(seen, { client: { signOut: () => Promise.resolve(false) } }))
  expect(seen.told).toBeUndefined()
  await signOut(leaving(seen))
  expect(seen.told).toBe(1)
})

const BROKEN: [string, Partial<Leaving>][] = [
  ['keeps nothing', { databases: undefined as unknown as IDBFactory, unsent: () => Promise.reject(new TypeError()) }],
  ['throws at once', { unsent: () => expect.unreachable() }],
  ['never answers', { unsent: () => new Promise(() => undefined) }]
]

test.each(BROKEN)('from a browser whose storage %s one can sign out', async (_, broken) => {
  const seen: Seen = { asked: [], left: [] }
  expect(await patiently(leaving(seen, broken))).toBe('left')
  expect(seen).toMatchObject({ asked: [], left: ['/sign-in'] })
})
