/** What this device keeps of drafts: of another version of this page, of another person, on a full disk. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { EMPTY, newlyKept, type Draft } from '#lib/writing/domain/draft.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
import { ModelServer } from './model-server.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

describe('what another version of this page kept of the same person', () => {
  const FILE = { id: 'f1', name: 'a.txt', type: 'text/plain', size: 6, blobId: null, cid: null }

  async function another(): Promise<void> {
    const database = await openDB('postroom-mail-4-me@example.org/a', 4, {
      upgrade: (db) => {
        db.createObjectStore('draft', { keyPath: 'id' })
        db.createObjectStore('file')
        db.createObjectStore('outbox', { autoIncrement: true })
      }
    })
    const draft: Draft = { ...EMPTY, format: 'plain', text: 'Yes, gladly', files: [FILE] }
    await database.put('draft', { ...newlyKept('d1', draft, { writer: '', now: 0 }), revision: 1 })
    await database.put('file', new Blob(['proofs']), 'f1')
    const patches = [{ emailIds: ['e1'], keywords: { $flagged: true } }]
    await database.put('outbox', { id: 'o1', at: 0, patches, names: {}, attempted: false })
    database.close()
  }

  async function next(): Promise<WritingScene> {
    const server = new ModelServer()
    server.deliver()
    const scene = await writing(server)
    await scene.world.pass(10_000)
    return scene
  }

  test('is carried over: drafts with their files, and actions that the mail server has not confirmed', async () => {
    await another()
    const scene = await next()
    expect(scene.compose.open.map(({ draft }) => draft.text)).toEqual(['Yes, gladly'])
    expect(scene.compose.open[0]?.fileState('f1')).toEqual({ kind: 'ready' })
    const contents = [...scene.server.blobs.uploaded.values()].map((blob) => blob.text())
    expect(await Promise.all(contents)).toContain('proofs')
    expect(scene.server.emails.get('e1')?.keywords).toEqual({ $flagged: true })
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['postroom-mail-3-me@example.org/a'])
  })

  test('stays there if it cannot be carried over, and is carried over at a later start', async () => {
    await another()
    const full = vi.spyOn(KeptDrafts.prototype, 'putFile').mockRejectedValue(new DOMException('', 'QuotaExceededError'))
    const scene = await next()
    scene.compose.open[0]?.change({ text: 'Yes, gladly. And more' })
    await scene.world.pass(1_000)
    scene.mail.stop()
    await settled()
    full.mockRestore()
    const between = await next()
    between.mail.stop()
    await settled()
    const later = await next()
    expect(later.compose.open.map(({ draft }) => draft.text)).toEqual(['Yes, gladly. And more'])
    expect(later.compose.open[0]?.fileState('f1')).toEqual({ kind: 'ready' })
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['postroom-mail-3-me@example.org/a'])
  })
})

test('another person who signs in sees nothing of a draft, and nothing of it stays on this device', async () => {
  const first = await writing()
  await begun(first)
  await first.world.pass(1_000)
  first.mail.stop()
  const server = new ModelServer()
  server.username = 'bob@example.org'
  const next = await writing(server)
  await next.world.pass(5_000)
  expect([next.compose.open, next.compose.unsent, draftsOn(next)]).toEqual([[], 0, []])
  expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['postroom-mail-3-bob@example.org/a'])
})

test('sign-out asks about a draft that the mail server lacks, and about none that it has', async () => {
  const scene = await writing()
  scene.server.interrupt = () => {
    throw new TypeError('offline')
  }
  await begun(scene)
  await scene.world.pass(5_000)
  expect(await unsentOnThisDevice(scene.world.time)).toBe(1)
  scene.server.interrupt = () => null
  await scene.world.pass(60_000)
  expect(await unsentOnThisDevice(scene.world.time)).toBe(0)
  const [draft] = scene.compose.open
  draft?.discard()
  await settled()
  expect(await unsentOnThisDevice(scene.world.time)).toBe(0)
})

test('a draft is written to a full disk', async () => {
  const scene = await writing()
  const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  await begun(scene)
  await scene.world.pass(1_000)
  full.mockRestore()
  expect(scene.world.mistakes).toEqual([])
  scene.mail.stop()
  expect((await writing(scene.server)).compose.open.map(({ draft }) => draft.text)).toEqual(['Dear Ann'])
})
