import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** In another tab Ann signed out and Bob signed in; Ann's tab asks for what is new. */
async function changedHands(): Promise<{ ann: Scene; bob: ModelServer; shown: unknown[] }> {
  const server = new ModelServer()
  server.deliver({ subject: 'of Ann' })
  const ann = await opened(server)
  ann.mail.reader.open('t1')
  await ann.world.pass(1_000)
  const bob = new ModelServer()
  bob.username = 'bob@example.org'
  bob.sessionState = 'of Bob'
  for (let number = 0; number < 3; number += 1) {
    bob.deliver({ subject: 'of Bob' })
  }
  server.interrupt = (path, body) => bob.answer(path, body)
  const shown: unknown[] = []
  const look = setInterval(() => shown.push(ann.mail.list?.row(0)?.subject, ann.mail.address), 0)
  ann.mail.connection.tryNow()
  await settled()
  clearInterval(look)
  return { ann, bob, shown }
}

test('nothing of the next person is shown in a tab of the one before, which is emptied and loaded anew', async () => {
  const { ann, shown } = await changedHands()
  expect(shown).not.toContain('of Bob')
  expect([ann.mail.list, ann.mail.mailboxes.items, ann.mail.reader.conversation?.messages]).toEqual([null, [], []])
  expect(ann.world.reloads).toBe(1)
})

test('nothing more is asked or written by such a tab', async () => {
  const { ann, bob } = await changedHands()
  bob.requests.length = 0
  ann.world.return()
  ann.mail.connection.tryNow()
  await ann.world.pass(3_600_000)
  expect([bob.requests, ann.world.reloads]).toEqual([[], 1])
  expect([...bob.emails.values()].map(({ keywords }) => keywords)).toEqual([{}, {}, {}])
})

test('what the next person keeps on this device stays', async () => {
  const { ann, bob } = await changedHands()
  const next = await opened(bob)
  next.mail.sending.keep('e1', 'Dear Carol')
  await next.world.pass(1_000)
  await ann.world.pass(1_000)
  expect((await opened(bob)).mail.sending.draftOf('e1')).toBe('Dear Carol')
  expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['postroom-mail-1-bob@example.org/a'])
})
