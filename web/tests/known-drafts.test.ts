import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import type { ModelServer } from './model-server.ts'
import { opened, type Scene } from './scene.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

function goOffline(server: ModelServer): void {
  const away = (): Response => Response.json({ code: 'mail_server_away' }, { status: 503 })
  server.interrupt = (path) => (path === '/jmap/' ? away() : null)
}

async function subjects({ mail, world }: Scene, mailbox = 'drafts'): Promise<(string | undefined)[]> {
  mail.show(mailbox)
  await settled()
  await world.pass(1_000)
  return Array.from({ length: mail.list?.total ?? 0 }, (_, index) => mail.list?.row(index)?.subject)
}

/** Its window is closed once the mail server has it. */
async function stored(scene: WritingScene, subject: string): Promise<void> {
  const draft = await begun(scene)
  draft.change({ subject })
  draft.close()
  await scene.world.pass(10_000)
}

test('off line the list of drafts has those that were stored since, whether it was shown before or not', async () => {
  const scene = await writing()
  await stored(scene, 'First')
  expect(draftsOn(scene)).toHaveLength(1)
  goOffline(scene.server)
  expect(await subjects(scene)).toEqual(['First'])

  scene.server.interrupt = () => null
  scene.mail.connection.tryNow()
  expect(await subjects(scene)).toEqual(['First'])
  await subjects(scene, 'inbox')
  await stored(scene, 'Second')
  goOffline(scene.server)
  expect(await subjects(scene)).toEqual(['Second', 'First'])
})

test('after a reload, too; once the mail server answers, its list counts', async () => {
  const scene = await writing()
  await stored(scene, 'First')
  await stored(scene, 'Second')
  scene.mail.stop()
  await settled()
  goOffline(scene.server)
  const next = await opened(scene.server)
  expect(await subjects(next)).toEqual(['Second', 'First'])
  for (const id of [...scene.server.emails.keys()].slice(0, 1)) scene.server.destroy(id)
  scene.server.interrupt = () => null
  next.mail.connection.tryNow()
  await next.world.pass(1_000)
  expect(await subjects(next)).toEqual(['Second'])
})

test('another list has only what the mail server listed', async () => {
  const scene = await writing()
  await stored(scene, 'First')
  goOffline(scene.server)
  expect(await subjects(scene, 'trash')).toEqual([])
})
