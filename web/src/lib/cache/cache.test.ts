import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { EMPTY, type KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import { Cache, type Changes, type KeptBody } from './cache.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

async function opened(owner = 'ann/a'): Promise<Cache> {
  const cache = await Cache.open(owner)
  return cache ?? expect.unreachable()
}

function changes(server: ModelServer, values: Partial<Changes> = {}): Changes {
  return {
    states: { email: server.state, mailbox: server.state, person: null, address: 'me@example.org', authservId: null },
    mailboxes: server.mailboxes(),
    list: { key: 'inbox', ids: server.list('inbox'), total: 2, asOf: new Date(0) },
    threads: [...server.threads().values()],
    emails: [...server.emails.values()],
    removed: [],
    anew: false,
    ...values
  }
}

function filled(): ModelServer {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  server.deliver({ threadId: 'a' })
  server.deliver()
  return server
}

function body(id: string, usedAt: number, size: number): KeptBody {
  return { id, body: { id } as KeptBody['body'], whole: true, usedAt, size }
}

async function keepDraft(cache: Cache, text = 'Hello'): Promise<void> {
  await (await cache.drafts()).put({ id: 'd1', draft: { ...EMPTY, text } } as KeptDraft)
}

describe('what was written', () => {
  test('is there at the next start, with all messages of the listed conversations', async () => {
    const server = filled()
    const before = await opened()
    await before.write(() => changes(server))
    before.close()
    const cache = await opened()
    expect((await cache.start()).states?.email).toBe(server.state)
    const kept = await cache.threads('inbox')
    expect(kept?.list.ids).toEqual(['e3', 'e2'])
    expect(kept?.emails.map(({ id }) => id).toSorted()).toEqual(['e1', 'e2', 'e3'])
  })

  test('loses what was removed, and all of it if the server cannot tell what changed', async () => {
    const cache = await opened()
    await cache.write(() => changes(filled()))
    await cache.write(() => changes(filled(), { emails: [], removed: ['e3'] }))
    expect((await cache.threads('inbox'))?.emails.map(({ id }) => id)).not.toContain('e3')
    await cache.write(() => changes(filled(), { emails: [], threads: [], list: null, anew: true }))
    expect(await cache.threads('inbox')).toBeNull()
  })
})

describe('another person', () => {
  test('finds nothing of the first, and deletes it', async () => {
    const first = await opened('ann/a')
    await first.write(() => changes(filled()))
    first.close()
    const second = await opened('bob/a')
    expect((await second.start()).states).toBeNull()
    await second.deleteOthers()
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual([second.name])
  })

  test('is told by the name which was used last', async () => {
    ;(await opened('ann/a')).close()
    const last = await Cache.last()
    expect([last?.isOf('ann/a'), last?.isOf('bob/a')]).toEqual([true, false])
  })
})

test('an action of a tab that may be gone is kept once, and not if the mail server has confirmed it meanwhile', async () => {
  const { outbox } = await opened()
  const entry = { id: 'one', at: 0, patches: [], names: {}, attempted: true }
  await outbox.addMissing(entry, () => false)
  expect(await outbox.all()).toEqual([])
  await outbox.addMissing(entry, () => true)
  await outbox.addMissing(entry, () => true)
  expect(await outbox.all()).toEqual([entry])
})

test('an action of a tab that may be gone is kept in front of what was done after it', async () => {
  const { outbox } = await opened()
  const entry = (id: string, at: number): Entry => ({ id, at, patches: [], names: {}, attempted: false })
  await outbox.add(entry('first', 1))
  await outbox.add(entry('last', 3))
  await outbox.addMissing(entry('done', 2), () => true)
  await outbox.addMissing(entry('undone', 2), () => true)
  expect((await outbox.all()).map(({ id }) => id)).toEqual(['first', 'done', 'undone', 'last'])
})

test('after a logout nothing is left, whichever tab has it open', async () => {
  const [cache, otherTab] = [await opened(), await opened()]
  await keepDraft(cache, 'secret')
  await cache.addEntry({ id: 'one', at: 0, patches: [], names: {}, attempted: false })
  await cache.keepNotificationLevel('what')
  await cache.clear()
  expect(await indexedDB.databases()).toEqual([])
  await expect(otherTab.start()).rejects.toThrow()
  const next = await opened()
  const { drafts, entries } = await next.start()
  expect([drafts, entries, await next.notificationLevel()]).toEqual([0, [], 'none'])
})

describe('a draft', () => {
  test('stays until it is removed', async () => {
    const cache = await opened()
    await keepDraft(cache)
    const drafts = await cache.drafts()
    expect((await drafts.all()).map(({ draft }) => draft.text)).toEqual(['Hello'])
    await drafts.remove('d1')
    expect(await drafts.all()).toEqual([])
  })

  test('is written to a full disk, which costs the bodies and the rows', async () => {
    const cache = await opened()
    await cache.write(() => changes(filled()))
    await cache.keepBody(body('e1', 1, 10))
    const full = vi.spyOn(IDBObjectStore.prototype, 'put')
    for (let refusals = 0; refusals < 2; refusals += 1) {
      full.mockImplementationOnce(() => {
        throw new DOMException('full', 'QuotaExceededError')
      })
    }
    await keepDraft(cache)
    full.mockRestore()
    expect((await cache.start()).drafts).toBe(1)
    expect(await cache.bodies(['e1'], 2)).toEqual([])
    expect(await cache.threads('inbox')).toBeNull()
  })

  test('that cannot be written is told', async () => {
    const cache = await opened()
    cache.close()
    await expect(keepDraft(cache)).rejects.toThrow()
  })

  test('outlives a database that does not open for once', async () => {
    const cache = await opened()
    await keepDraft(cache)
    cache.close()
    vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
      throw new DOMException('Internal error opening backing store', 'UnknownError')
    })
    expect((await (await opened()).start()).drafts).toBe(1)
  })

  test('outlives a disk without room to open it, as often as that happens', async () => {
    const cache = await opened()
    await keepDraft(cache)
    cache.close()
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    expect(await Cache.open('ann/a')).toBeNull()
    open.mockRestore()
    expect((await (await opened()).start()).drafts).toBe(1)
  })

  test('outlives a full disk, which costs the bodies', async () => {
    const cache = await opened()
    await keepDraft(cache)
    await cache.keepBody(body('e1', 1, 10))
    const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    await cache.write(() => changes(filled()))
    full.mockRestore()
    expect(await cache.bodies(['e1'], 2)).toEqual([])
    expect(await cache.threads('inbox')).not.toBeNull()
    expect((await cache.start()).drafts).toBe(1)
  })
})

test('beyond 50 MB the bodies that were not used for long are deleted', async () => {
  const cache = await opened()
  await cache.keepBody(body('old', 1, 20_000_000))
  await cache.keepBody(body('used', 2, 20_000_000))
  await cache.keepBody(body('new', 4, 20_000_000))
  await cache.bodies(['old'], 3)
  await cache.evictBodies()
  expect((await cache.bodies(['old', 'used', 'new'], 5)).map(({ id }) => id)).toEqual(['old', 'new'])
})

describe('beyond 20,000 rows', () => {
  /** A list of conversations of `messages` each, confirmed at `hour`. */
  async function kept(cache: Cache, mailboxId: string, hour: number, conversations: number, messages = 1) {
    const server = new ModelServer()
    for (let number = 0; number < conversations * messages; number += 1) {
      const threadId = `${mailboxId}-t${Math.floor(number / messages)}`
      server.deliver({ id: `${mailboxId}-${number}`, threadId, mailboxIds: { [mailboxId]: true } })
    }
    const list = { key: mailboxId, ids: server.list(mailboxId), total: conversations, asOf: new Date(hour * 3_600_000) }
    await cache.write(() => changes(server, { list }))
  }

  test('the lists that were shown last keep theirs, whole; what no list shows is deleted', async () => {
    const cache = await opened()
    await kept(cache, 'archive', 0, 4_500)
    await kept(cache, 'sent', 2, 1_000)
    await kept(cache, 'trash', 1, 1_000)
    await kept(cache, 'inbox', 3, 7_000, 2)
    await cache.write(() => changes(filled(), { list: null, emails: [{ ...filled().deliver(), id: 'unlisted' }] }))
    expect(await cache.evictRows()).toBe(true)
    const lists = await Promise.all(['inbox', 'sent', 'trash', 'archive'].map((id) => cache.threads(id)))
    expect(lists.map((list) => list?.emails.length)).toEqual([14_000, 1_000, 1_000, undefined])
    expect(await cache.evictRows()).toBe(false)
  })

  test('nothing is deleted before', async () => {
    const cache = await opened()
    await cache.write(() => changes(filled(), { list: null }))
    expect(await cache.evictRows()).toBe(false)
    await cache.write(() => changes(filled(), { emails: [] }))
    expect((await cache.threads('inbox'))?.emails).toHaveLength(3)
  })
})

test('an action is written to a full disk, which costs the bodies and the rows, and no draft', async () => {
  const cache = await opened()
  await cache.write(() => changes(filled()))
  await cache.keepBody(body('e1', 1, 10))
  await keepDraft(cache)
  const full = vi.spyOn(IDBObjectStore.prototype, 'add')
  for (let refusals = 0; refusals < 2; refusals += 1) {
    full.mockImplementationOnce(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
  }
  await cache.addEntry({ id: 'one', at: 0, patches: [], names: {}, attempted: false })
  full.mockRestore()
  const { entries, drafts } = await cache.start()
  expect([entries.map(({ id }) => id), drafts]).toEqual([['one'], 1])
  expect([await cache.bodies(['e1'], 2), await cache.threads('inbox')]).toEqual([[], null])
})

test('the bodies that are kept are named', async () => {
  const cache = await opened()
  await cache.keepBody(body('e2', 1, 10))
  expect(await cache.bodyIds()).toEqual(['e2'])
})

test('a database that cannot be opened is deleted and made anew', async () => {
  const cache = await opened()
  await keepDraft(cache)
  cache.close()
  // Written by code of a later format.
  const later = indexedDB.open(cache.name, 99)
  await new Promise((resolve) => later.addEventListener('success', resolve))
  later.result.close()
  expect((await (await opened()).start()).drafts).toBe(0)
})

test('a browser that keeps nothing has no cache', async () => {
  Reflect.deleteProperty(globalThis, 'indexedDB')
  expect([await Cache.open('ann/a'), await Cache.last()]).toEqual([null, null])
})
