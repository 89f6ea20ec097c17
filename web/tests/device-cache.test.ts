import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { EmailBody } from '#lib/jmap/types.ts'
import { createMail, type MailState } from '#lib/state/create-mail.svelte.ts'
import { Objects } from '#lib/store/objects.ts'
import { DeviceCache } from '#lib/sync/device-cache.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

interface Scene {
  mail: MailState
  world: World
}

async function opened(server: ModelServer, mailbox: string | null = null): Promise<Scene> {
  const world = new World()
  const mail = createMail(world.ports(server.fetch))
  mail.show(mailbox)
  await settled()
  return { mail, world }
}

/** Let what is due be written, and leave. */
async function left({ mail, world }: Scene): Promise<void> {
  await world.pass(1_000)
  mail.stop()
  await settled()
}

function blocked(server: ModelServer): () => void {
  let release = (): void => undefined
  const waiting = new Promise<void>((resolve) => {
    release = resolve
  })
  server.interrupt = async (path) => (path === '/jmap/' ? (await waiting, null) : null)
  return release
}

describe('the next start', () => {
  test('shows the list as it was before any mail is asked for, then what changed', async () => {
    const server = new ModelServer()
    for (let number = 0; number < 70; number += 1) {
      server.deliver()
    }
    await left(await opened(server))
    server.deliver({ subject: 'New' })
    server.destroy('e65')
    const release = blocked(server)
    const { mail } = await opened(server)
    await vi.waitFor(() => expect(mail.list?.row(0)).toBeDefined())
    expect(mail.list).toMatchObject({ freshness: 'cached', total: 70 })
    expect(mail.list?.row(0)?.subject).toBe('Mail 70')
    expect(mail.mailboxes.byRole('inbox')?.count).toBe(70)
    release()
    await vi.waitFor(() => expect(mail.list?.freshness).toBe('current'))
    expect(mail.list?.total).toBe(70)
    expect(mail.list?.row(0)?.subject).toBe('New')
    expect(mail.list?.row(6)?.emailId).toBe('e64')
  })

  test('needs the session and one request', async () => {
    const server = new ModelServer()
    server.deliver()
    await left(await opened(server))
    server.requests.length = 0
    await opened(server)
    expect(server.requests).toHaveLength(1)
  })

  test('shows a body that was read before without asking for it', async () => {
    const server = new ModelServer()
    server.deliver()
    const first = await opened(server)
    first.mail.reader.open('t1')
    await left(first)
    const { mail } = await opened(server)
    server.requests.length = 0
    mail.reader.open('t1')
    await settled()
    expect(mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
    expect(server.requests.flat()).toEqual(['Thread/get', 'Email/get'])
  })

  test('shows nothing before it is known who is signed in, and nothing of somebody else', async () => {
    const server = new ModelServer()
    server.deliver()
    await left(await opened(server))
    const respond = server.respond.bind(server)
    server.interrupt = async (path, body) => {
      const response = respond(path, body)
      return path === '/jmap/session'
        ? Response.json({ ...((await response.json()) as object), username: 'bob@example.org' })
        : Response.json({ code: 'mail_server_away' }, { status: 503 })
    }
    const { mail } = await opened(server)
    expect(mail.address).toBe('bob@example.org')
    expect([mail.list, mail.mailboxes.items]).toEqual([null, []])
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['postroom-mail-3-bob@example.org/a'])
  })

  test('after the mail server was restored with other ids and the same states shows what is there', async () => {
    const server = new ModelServer()
    server.deliver()
    await left(await opened(server))
    const restored = new ModelServer('-2')
    restored.deliver({ id: 'e2', subject: 'Restored' })
    expect(restored.state).toBe(server.state)
    const { mail } = await opened(restored)
    expect(mail.list).toMatchObject({ mailboxId: 'inbox-2', total: 1, trouble: null })
    expect(mail.list?.row(0)?.subject).toBe('Restored')
  })

  test('without a session shows nothing', async () => {
    const server = new ModelServer()
    server.deliver()
    await left(await opened(server))
    server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
    const { mail } = await opened(server)
    expect([mail.list, mail.mailboxes.items, mail.trouble?.code]).toEqual([null, [], 'no_session'])
  })
})

test('a browser that never opens a database delays the list, and hides nothing', async () => {
  const server = new ModelServer()
  server.deliver()
  await left(await opened(server))
  const silent = vi.spyOn(indexedDB, 'open').mockImplementation(() => new IDBOpenDBRequest())
  const { mail, world } = await opened(server)
  expect(mail.list).toBeNull()
  await world.pass(10_000)
  expect(mail.list?.row(0)?.subject).toBe('Mail 1')
  silent.mockRestore()
})

test('what changed in mail that is not in memory is not shown as it was', async () => {
  const server = new ModelServer()
  server.deliver({ mailboxIds: { sent: true } })
  const first = await opened(server, 'sent')
  first.mail.show('inbox')
  await left(first)
  const second = await opened(server)
  server.update('e1', { keywords: { $flagged: true } })
  second.mail.connection.tryNow()
  await left(second)
  const release = blocked(server)
  const { mail } = await opened(server, 'sent')
  expect(mail.list?.row(0)).toBeUndefined()
  release()
  await settled()
  expect(mail.list?.row(0)?.starred).toBe(true)
})

test('what changed in mail that is in memory and not in the shown list is shown as it is', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  const first = await opened(server)
  await first.world.pass(1_000)
  first.mail.show('sent')
  await first.world.pass(1_000)
  server.update('e1', { keywords: { $flagged: true, $seen: true } })
  server.deliver({ threadId: 'a', keywords: { $seen: true }, mailboxIds: { trash: true } })
  first.mail.connection.tryNow()
  await left(first)
  blocked(server)
  const { mail } = await opened(server)
  expect(mail.list?.row(0)).toMatchObject({ starred: true, unread: false, messages: 2 })
})

test('a write that failed costs what was kept, not its truth', async () => {
  const server = new ModelServer()
  server.deliver()
  const first = await opened(server)
  await first.world.pass(1_000)
  const failing = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('the disk is broken', 'UnknownError')
  })
  server.update('e1', { keywords: { $flagged: true } })
  first.mail.connection.tryNow()
  await first.world.pass(1_000)
  failing.mockRestore()
  server.deliver()
  first.mail.connection.tryNow()
  await left(first)
  blocked(server)
  const { mail } = await opened(server)
  expect(mail.list?.row(1)).toMatchObject({ emailId: 'e1', starred: true })
})

test('of bodies no more is kept than the limit', async () => {
  const kept = new DeviceCache(new World().ports(new ModelServer().fetch), new Objects())
  await kept.claim('me@example.org/a', () => null, await kept.read(() => null))
  const bodies = ['e1', 'e2'].map((id, usedAt) => ({
    id,
    body: { id } as EmailBody,
    whole: true,
    usedAt,
    size: 30_000_000
  }))
  kept.keepBodies(bodies)
  await vi.waitFor(async () => expect(await kept.bodies(['e1', 'e2'])).toHaveLength(1))
})

test('what was done while the mail server is away is nothing that the browser may delete when it needs room; mail is', async () => {
  const server = new ModelServer()
  server.deliver()
  server.deliver({ keywords: { $seen: true } })
  const { mail, world } = await opened(server)
  mail.reader.open('t2')
  await world.pass(1_000)
  expect(world.persisted).toBe(0)
  server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503 })
  mail.reader.open('t1')
  await world.pass(1_000)
  mail.connection.tryNow()
  await settled()
  expect([mail.actions.waiting, world.persisted > 0]).toEqual([1, true])
})
