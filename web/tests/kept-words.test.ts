/** Words and files of a page that ends at a bad moment, and of a device whose database another tab deleted. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB, unwrap } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Transactions } from '#lib/cache/transactions.ts'
import { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { DraftCopies } from '#lib/writing/device/draft-copies.ts'
import type { Schema } from '#lib/cache/schema.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
import { EMPTY, newlyKept, type KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Composition } from '#lib/writing/state/compose.ts'
import { mortal, MortalTab, told, written } from './mortal-tab.ts'
import { settled } from './world.ts'
import { begun, draftsOn, textOf, writing } from './writing.ts'

const NAME = 'postroom-mail-3-me@example.org/a'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Its page is left: whatever reads this device first gets no response any more. */
async function left(tab: MortalTab): Promise<void> {
  /* eslint-disable @typescript-eslint/unbound-method -- they are called with their object below */
  const { putOnLeave, change } = KeptDrafts.prototype
  /* eslint-enable @typescript-eslint/unbound-method */
  const gone = new Set<KeptDrafts>()
  vi.spyOn(KeptDrafts.prototype, 'putOnLeave').mockImplementation(function (this: KeptDrafts, kept) {
    gone.add(this)
    putOnLeave.call(this, kept)
  })
  vi.spyOn(KeptDrafts.prototype, 'change').mockImplementation(function (this: KeptDrafts, ...of) {
    return gone.has(this) ? new Promise(() => undefined) : change.apply(this, of)
  })
  tab.world.leave()
  tab.kill()
  await settled()
}

/** What a device keeps that has a draft of somebody who writes, and another draft to be put there. */
async function besideADraft() {
  const tab = await mortal()
  await written(tab, 'Dear Ann')
  await tab.world.pass(1_000)
  const database = await openDB<Schema>(NAME)
  const transactions = new Transactions(unwrap(database))
  const store = new KeptDrafts(database, (write) => write(), new DraftCopies('me@example.org/a'), transactions)
  return { transactions, database, store, kept: newlyKept('a', { ...EMPTY, text: 'Hello' }, { writer: 'x', now: 0 }) }
}

test('a file that is attached a moment before the tab is gone lies in the draft, once another tab is there', async () => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear Ann')
  draft.attach([new File(['x'], 'plan.pdf')])
  await settled()
  tab.kill()
  const next = await mortal(tab.server, tab.world.time + 1_000)
  await next.world.pass(60_000)
  const files = [...next.server.emails.values()].flatMap(({ attachments }) => attachments ?? [])
  expect([files.map(({ name }) => name), draftsOn(next)]).toEqual([['plan.pdf'], ['Dear Ann']])
})

test('the first letter of a message is on this device at once', async () => {
  const tab = await mortal()
  await written(tab, 'D')
  await tab.world.pass(1)
  tab.kill()
  const next = await mortal(tab.server, tab.world.time)
  await next.world.pass(60_000)
  expect(draftsOn(next)).toEqual(['D'])
})

describe('what is typed a moment before a page is left', () => {
  test('is in the draft when the page is there again, and on this device once', async () => {
    const tab = await mortal()
    const draft = await written(tab, 'Dear')
    await tab.world.pass(1_000)
    draft.change({ text: 'Dear Ann' })
    await left(tab)
    expect(await unsentOnThisDevice(tab.world.time)).toBe(1)
    const next = await mortal(tab.server, tab.world.time)
    expect(next.compose.open.map(({ draft: { text } }) => text)).toEqual(['Dear Ann'])
    const database = await openDB(NAME)
    expect(await database.getAllKeys('draft')).toEqual([draft.id])
    database.close()
  })

  test('is there though nothing of the draft was written before', async () => {
    const tab = await mortal()
    await written(tab, 'Dear Ann')
    await left(tab)
    const next = await mortal(tab.server, tab.world.time)
    expect(next.compose.open.map(({ draft: { text } }) => text)).toEqual(['Dear Ann'])
  })

  test('is in the draft, and nowhere else, if the browser brings the page back as it was', async () => {
    const tab = await mortal()
    const draft = await written(tab, 'Dear')
    await tab.world.pass(1_000)
    draft.change({ text: 'Dear Ann' })
    tab.world.leave()
    await settled()
    draft.change({ text: 'Dear Ann, hello' })
    await settled()
    const database = await openDB<Schema>(NAME)
    // A change that takes more than a moment would hold up the page that comes next.
    expect((await database.get('draft', draft.id))?.draft.text).toBe('Dear')
    tab.world.return()
    await tab.world.pass(10_000)
    expect([draftsOn(tab), tab.compose.open.length]).toEqual([['Dear Ann, hello'], 1])
    expect(await database.getAllKeys('draft')).toEqual([draft.id])
    database.close()
  })

  test('is known at once to another tab that takes the draft over', async () => {
    const tab = await mortal()
    const draft = await written(tab, 'Dear')
    await tab.world.pass(1_000)
    const other = await mortal(tab.server, tab.world.time)
    const shown = await other.compose.start({ kind: 'kept', id: draft.id })
    draft.change({ text: 'Dear Ann' })
    await left(tab)
    await told()
    await other.world.pass(1_000)
    expect([shown.elsewhere, shown.draft.text]).toEqual([false, 'Dear Ann'])
  })

  test('never takes the place of what another tab wrote, which took the draft over unheard: both are there', async () => {
    const tab = await mortal()
    const draft = await written(tab, 'Dear')
    await tab.world.pass(1_000)
    draft.change({ text: 'Dear Ann' })
    const database = await openDB(NAME)
    const kept = (await database.get('draft', draft.id)) as KeptDraft
    const taken = { ...kept, writer: 'another', revision: 9, draft: { ...kept.draft, text: 'Dear Bob' } }
    await database.put('draft', taken)
    database.close()
    await left(tab)
    const next = await mortal(tab.server, tab.world.time)
    await next.world.pass(60_000)
    expect(draftsOn(next).toSorted()).toEqual(['Dear Ann', 'Dear Bob'])
  })
})

describe('a tab from whose device another one deleted all, at a sign-out', () => {
  async function signedOut(): Promise<Awaited<ReturnType<typeof writing>> & { draft: Composition }> {
    const scene = await writing()
    scene.server.now = scene.server.sending.clock = () => scene.world.time
    const draft = await begun(scene)
    await scene.world.pass(5_000)
    scene.server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
    await new Promise((resolve) => (indexedDB.deleteDatabase(NAME).onsuccess = resolve))
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(10_000)
    return { ...scene, draft }
  }

  test('keeps nothing on it as long as nobody is signed in', async () => {
    const { draft } = await signedOut()
    expect([draft.save.kind, (await indexedDB.databases()).length]).toEqual(['failed', 0])
  })

  test('keeps its words on it again, and sends, once the person has signed in', async () => {
    const scene = await signedOut()
    const { draft, server, world, compose } = scene
    server.interrupt = () => null
    draft.change({ text: 'Dear Ann, hello again' })
    await world.pass(5_000)
    expect([draft.save.kind, draftsOn(scene)]).toEqual(['saved', ['Dear Ann, hello again']])
    const database = await openDB(NAME)
    expect((await database.getAll('draft')).map((kept: KeptDraft) => kept.draft.text)).toEqual([
      'Dear Ann, hello again'
    ])
    database.close()
    await draft.send({ anyway: true })
    await world.pass(60_000)
    server.sending.run()
    expect([server.sending.delivered.length, draftsOn(scene), compose.unsent]).toEqual([1, [], 0])
  })

  test('keeps nothing of it in the name of somebody else who has signed in', async () => {
    const { draft, server, world } = await signedOut()
    server.interrupt = () => null
    server.username = 'somebody@example.org'
    draft.change({ text: 'Dear Ann, hello again' })
    await world.pass(10_000)
    expect([...server.emails.values()].map(textOf)).toEqual(['Dear Ann'])
    expect((await indexedDB.databases()).length).toBe(0)
  })
})

test('what could not be written is written once there is room again, though nobody types', async () => {
  const tab = await mortal()
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  await written(tab, 'Dear Ann')
  await tab.world.pass(2_000)
  tab.server.interrupt = () => Response.error()
  put.mockRestore()
  await tab.world.pass(15_000)
  tab.kill()
  tab.server.interrupt = () => null
  const next = await mortal(tab.server, tab.world.time)
  expect(next.compose.open.map(({ draft: { text } }) => text)).toEqual(['Dear Ann'])
})

test('what was undone while the disk was full is not sent by the next page, once there was room', async () => {
  const tab = await mortal()
  tab.server.sending.clock = () => tab.world.time
  tab.server.sending.maxDelayedSend = 0
  const draft = await written(tab, 'Dear Ann')
  draft.change({ to: [{ name: 'Ann', address: 'ann@example.net' }] })
  await tab.world.pass(5_000)
  await draft.send({ anyway: true })
  await tab.world.pass(3_000)
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  const undone = tab.compose.outgoing[0]?.undo()
  await tab.world.pass(3_000)
  expect(await undone).not.toBeNull()
  put.mockRestore()
  await tab.world.pass(12_000)
  tab.kill()
  const next = await mortal(tab.server, tab.world.time)
  await next.world.pass(60_000)
  next.server.sending.run()
  expect([next.server.sending.delivered, draftsOn(next)]).toEqual([[], ['Dear Ann']])
})

test('a draft whose tab is gone is listed in another one that was there before, and opens with all its words', async () => {
  const tab = await mortal()
  const other = await mortal(tab.server)
  tab.server.interrupt = () => Response.error()
  await written(tab, 'Dear Ann')
  await tab.world.pass(1_000)
  tab.kill()
  await told()
  await other.world.pass(90_000)
  const [row] = other.compose.unsentDrafts
  expect(row?.state).toBe('device')
  const opened = await other.compose.start({ kind: 'kept', id: row?.id ?? '' })
  expect([opened.elsewhere, opened.draft.text, other.compose.unsentDrafts]).toEqual([false, 'Dear Ann', []])
})

test('words of a page that was left are no draft of their own for whoever reads what this device keeps', async () => {
  const { store, kept, database } = await besideADraft()
  await store.put(kept)
  store.putOnLeave({ ...kept, revision: 2, draft: { ...kept.draft, text: 'Hello Bob' } })
  await settled()
  expect([(await store.all()).length, await store.copied()]).toEqual([2, ['a']])
  database.close()
})

test('the last words of a page wait for no change: a browser drops what still waits when the page goes', async () => {
  const { transactions, store, kept, database } = await besideADraft()
  const other = { ...kept, id: 'b' }
  const changes = [store.put(other), store.change('a', (found, last) => found ?? last)]
  transactions.leave()
  store.putOnLeave(kept)
  await settled()
  transactions.return()
  await Promise.all(changes)
  expect((await store.all()).filter(({ id }) => id.length === 1)).toEqual([kept, other])
  database.close()
})

test('a change that fails for a reason of its own is not tried again, though its page was left before', async () => {
  const { transactions, store, database } = await besideADraft()
  transactions.leave()
  transactions.return()
  const change = vi.fn(() => {
    throw new Error('no such draft')
  })
  await expect(store.change('a', change)).rejects.toThrow('no such draft')
  expect(change).toHaveBeenCalledOnce()
  database.close()
})

test('a file that was being written when the page was left is written once the page is back', async () => {
  const { transactions, store, database } = await besideADraft()
  const written = store.putFile('f', new Blob(['x']))
  transactions.leave()
  await settled()
  expect(await store.file('f').catch(() => undefined)).toBeUndefined()
  transactions.return()
  await written
  expect(await store.file('f')).toBeDefined()
  database.close()
})
