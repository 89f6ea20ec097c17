import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Mail } from '#lib/state/mail.svelte.ts'
import { DeviceCache } from '#lib/sync/device-cache.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => void vi.restoreAllMocks())

async function opened(mails: number): Promise<{ server: ModelServer; mail: Mail; world: World }> {
  const server = new ModelServer()
  for (let number = 0; number < mails; number += 1) {
    server.deliver()
  }
  const world = new World()
  const mail = new Mail(world.ports(server.fetch))
  mail.show(null)
  await settled()
  server.requests.length = 0
  return { server, mail, world }
}

test('a mail that was looked at shows its text at once, and is not read before it is opened', async () => {
  const { server, mail, world } = await opened(2)
  mail.reader.prefetch('t1')
  await world.pass(1_000)
  expect(server.requests).toEqual([['Email/get']])
  expect(server.emails.get('e1')?.keywords).toEqual({})
  expect(mail.reader.conversation).toBeNull()
  mail.reader.open('t1')
  expect(mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
})

test('a mail that is opened while its text is on the way is not asked for twice', async () => {
  const { server, mail } = await opened(1)
  mail.reader.prefetch('t1')
  mail.reader.open('t1')
  await settled()
  expect(mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
  expect(server.requests.flat().toSorted()).toEqual(['Email/get', 'Email/get', 'Thread/get'])
})

test('who runs through the list asks for one mail at a time, and for the last one', async () => {
  const { server, mail } = await opened(9)
  for (let number = 1; number <= 9; number += 1) {
    mail.reader.prefetch(`t${number}`)
  }
  await settled()
  expect(server.requests).toEqual([['Email/get'], ['Email/get']])
  mail.reader.open('t9')
  expect(mail.reader.conversation?.messages[0]?.body).not.toBeNull()
})

test('a text that could not be fetched in advance is fetched when it is opened', async () => {
  const { server, mail, world } = await opened(1)
  server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503 })
  mail.reader.prefetch('t1')
  await settled()
  server.interrupt = () => null
  mail.reader.open('t1')
  await settled()
  expect(mail.reader.conversation?.messages[0]).toMatchObject({ body: { text: 'The text' }, trouble: null })
  expect(world.mistakes).toEqual([])
})

test('a text that this device does not have is not looked for there first', async () => {
  const { mail } = await opened(2)
  vi.spyOn(DeviceCache.prototype, 'bodies').mockReturnValue(new Promise(() => undefined))
  mail.reader.prefetch('t1')
  await settled()
  mail.reader.open('t1')
  expect(mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
  mail.reader.open('t2')
  await settled()
  expect(mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
})
