import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened } from './scene.ts'
import { settled } from './world.ts'
import { begun, writing } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

test('a draft counts as unsent from its first letter on, before it is written, until the mail server has it', async () => {
  const scene = await writing()
  expect(scene.mail.unsent).toBe(0)
  const draft = await begun(scene, 'D')
  expect(scene.mail.unsent).toBe(1)
  await scene.world.pass(4_000)
  expect(scene.mail.unsent).toBe(0)
  draft.change({ text: 'Dear Ann' })
  expect(scene.mail.unsent).toBe(1)
  draft.discard()
  await settled()
  expect(scene.mail.unsent).toBe(0)
})

test('a message counts as unsent until the mail server holds it, which sends it by itself', async () => {
  const scene = await writing()
  const draft = await begun(scene)
  await scene.world.pass(4_000)
  scene.server.interrupt = () => {
    throw new TypeError('offline')
  }
  await draft.send({ anyway: true })
  await scene.world.pass(1_000)
  expect(scene.mail.unsent).toBe(1)
  scene.server.interrupt = () => null
  scene.world.return()
  await scene.world.pass(1_000)
  expect(scene.compose.outgoing).toHaveLength(1)
  expect(scene.mail.unsent).toBe(0)
})

test('an action counts as unsent once it could not be sent', async () => {
  const served = new ModelServer()
  served.deliver()
  const { mail, server, world } = await opened(served)
  mail.actions.run({ kind: 'star', on: true }, [mail.list?.row(0)?.threadId ?? ''])
  expect(mail.unsent).toBe(0)
  server.interrupt = () => {
    throw new TypeError('offline')
  }
  await world.pass(100)
  expect(mail.unsent).toBe(1)
})
