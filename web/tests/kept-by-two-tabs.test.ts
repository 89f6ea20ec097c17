import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { deliver, hint, opened, shown, type Scene } from './scene.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** Two tabs that keep what they know in the same database. */
async function two(): Promise<{ server: ModelServer; first: Scene; second: Scene }> {
  const server = new ModelServer()
  deliver(server, 3)
  const first = await opened(server)
  await first.world.pass(1_000)
  const second = await opened(server)
  await second.world.pass(1_000)
  return { server, first, second }
}

/** Whether the mail is starred at the next start, before the mail server has answered. */
async function starredAtStart(server: ModelServer, ...tabs: Scene[]): Promise<boolean | undefined> {
  tabs.forEach(({ mail }) => mail.stop())
  await settled()
  server.interrupt = (path) => (path === '/jmap/' ? new Promise(() => undefined) : null)
  const { mail } = await opened(server)
  return mail.list?.row(0)?.starred
}

test('a row that one tab wrote is not written over by an older one of another tab', async () => {
  const { server, first, second } = await two()
  server.update('e3', { keywords: { $flagged: true } })
  await hint(second)
  server.update('e3', { keywords: {} })
  await hint(first)
  await first.world.pass(1_000)
  await second.world.pass(1_000)
  server.update('e1', { keywords: { $seen: true } })
  await hint(first)
  await first.world.pass(1_000)
  expect(await starredAtStart(server, first, second)).toBe(false)
})

test('what a tab could not write is written after it asked again', async () => {
  const { server, first, second } = await two()
  await hint(second)
  server.update('e1', { keywords: { $seen: true } })
  await hint(first)
  await first.world.pass(1_000)
  server.update('e3', { keywords: { $flagged: true } })
  await hint(second)
  await second.world.pass(1_000)
  server.update('e2', { keywords: { $seen: true } })
  await hint(second)
  await second.world.pass(1_000)
  expect(await starredAtStart(server, first, second)).toBe(true)
})

test('rows of a list that another tab wrote before are not shown as they were', async () => {
  const { server, first, second } = await two()
  server.deliver({ mailboxIds: { sent: true } })
  second.mail.show('sent')
  await settled()
  await second.world.pass(1_000)
  server.update('e4', { keywords: { $flagged: true } })
  await hint(first)
  server.interrupt = (path) => (path === '/jmap/' ? new Promise(() => undefined) : null)
  first.mail.show('sent')
  await settled()
  expect(shown(first)).toEqual([])
})
