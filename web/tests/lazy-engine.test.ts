import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { beforeEach, expect, test, vi } from 'vitest'
import type { KeptDraft } from '#lib/compose/draft.ts'
import type { Email } from '#lib/jmap/types.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

const network = vi.hoisted(() => ({ isThere: false }))

vi.mock('#lib/state/engine.ts', async (original) => {
  const { Engine } = await original<typeof import('#lib/state/engine.ts')>()
  return {
    get Engine() {
      if (network.isThere) return Engine
      throw new TypeError('Failed to fetch dynamically imported module')
    }
  }
})

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  network.isThere = false
})

async function clocked(...of: Parameters<typeof writing>): Promise<WritingScene> {
  const scene = await writing(...of)
  scene.server.now = () => scene.world.time
  scene.server.sending.clock = () => scene.world.time
  return scene
}

function delivered({ server }: WritingScene): (string | null)[] {
  server.sending.run()
  return server.sending.delivered.map(({ subject }: Pick<Email, 'subject'>) => subject)
}

test('a draft is kept on this device while what stores it cannot be loaded, and is stored once it is', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await scene.world.pass(20_000)
  expect([draft.save, draftsOn(scene)]).toEqual([{ kind: 'device', trouble: null }, []])
  network.isThere = true
  await scene.world.pass(60_000)
  expect([draft.save.kind, draftsOn(scene)]).toEqual(['saved', ['Dear Ann']])
})

test('what was typed a moment ago is on this device when the page is hidden, though what stores it is not loaded', async () => {
  const scene = await clocked()
  await begun(scene)
  scene.world.hide()
  await settled()
  const [{ name = '' } = {}] = await indexedDB.databases()
  const database = await openDB(name)
  expect((await database.getAll('draft')).map(({ draft }: KeptDraft) => draft.text)).toEqual(['Dear Ann'])
  database.close()
})

test('a message that is sent while what sends it cannot be loaded waits, and leaves once when it is', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  draft.change({ subject: 'Pallets' })
  await scene.world.pass(20_000)
  const sending = draft.send()
  await scene.world.pass(2_000)
  expect(await sending).toBeNull()
  await scene.world.pass(60_000)
  const { open, unsent, unsentDrafts } = scene.compose
  expect([draft.status, open, unsent, unsentDrafts.map(({ state }) => state)]).toEqual(['waiting', [], 1, ['waiting']])
  expect(delivered(scene)).toEqual([])
  network.isThere = true
  await scene.world.pass(120_000)
  expect([delivered(scene), draftsOn(scene), scene.compose.unsent]).toEqual([['Pallets'], [], 0])
})

test('a message that waits for what sends it leaves once after a reload', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  draft.change({ subject: 'Pallets' })
  const sending = draft.send({ anyway: true })
  await settled()
  await sending
  scene.world.leave()
  await settled()
  scene.mail.stop()
  network.isThere = true
  const next = await clocked(scene.server)
  await next.world.pass(60_000)
  expect([delivered(next), draftsOn(next), next.compose.unsent]).toEqual([['Pallets'], [], 0])
})

test('a file that is attached before what uploads it is loaded lies in the draft once it is', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  const [file] = draft.attach([new File(['x'], 'plan.pdf', { type: 'application/pdf' })])
  await scene.world.pass(20_000)
  expect(draft.fileState(file?.id ?? '')).toEqual({ kind: 'uploading', done: 0 })
  network.isThere = true
  await scene.world.pass(60_000)
  const emails = [...scene.server.emails.values()]
  expect(emails.flatMap(({ attachments }) => attachments ?? []).map(({ name }) => name)).toEqual(['plan.pdf'])
  expect(draft.fileState(file?.id ?? '')).toEqual({ kind: 'ready' })
})
