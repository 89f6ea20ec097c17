import { describe, expect, test } from 'vitest'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

interface Scene {
  server: ModelServer
  world: World
  mail: Mail
  /** Send an event on the live stream. */
  say: (type: string, data?: unknown) => Promise<void>
  /** The live stream breaks off. */
  close: () => Promise<void>
}

async function opened(live: 'live' | 'away' = 'live'): Promise<Scene> {
  const server = new ModelServer()
  const world = new World()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  server.interrupt = (path) =>
    path !== '/api/live' ? null : live === 'live' ? new Response(readable) : new Response('', { status: 503 })
  const mail = new Mail(world.ports(server.fetch))
  mail.show(null)
  await settled()
  const say = async (type: string, data: unknown = {}): Promise<void> => {
    await writer.write(new TextEncoder().encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`))
    await settled()
  }
  const close = async (): Promise<void> => {
    await writer.close()
    await settled()
  }
  return { server, world, mail, say, close }
}

describe('new mail that is announced', () => {
  test('appears without anybody asking', async () => {
    const { server, mail, say } = await opened()
    await say('hello')
    expect(mail.connection.live).toBe('live')
    server.deliver({ subject: 'New' })
    await say('mail', { id: '1' })
    expect(mail.list?.row(0)?.subject).toBe('New')
  })
})

test('what another device changed, which is not announced, is asked for every 5 minutes', async () => {
  const { server, mail, world, say } = await opened()
  await say('hello')
  await world.pass(61_000)
  server.deliver()
  await world.pass(290_000)
  expect(mail.list?.total).toBe(0)
  await world.pass(20_000)
  expect(mail.list?.total).toBe(1)
})

describe('a session that ends while live events arrive', () => {
  const NO_SESSION = (): Response => Response.json({ code: 'no_session' }, { status: 401 })

  async function ended(): Promise<Scene> {
    const scene = await opened()
    await scene.say('hello')
    scene.server.interrupt = NO_SESSION
    await scene.close()
    await scene.world.pass(5_000)
    return scene
  }

  test('is told to the whole page', async () => {
    const { mail } = await ended()
    expect([mail.trouble?.code, mail.list?.trouble?.code]).toEqual(['no_session', 'no_session'])
    expect(mail.list?.freshness).toBe('cached')
    expect(mail.connection.live).toBe('offline')
  })

  test('is told although the mail can still be had for a moment', async () => {
    const scene = await opened()
    await scene.say('hello')
    scene.server.interrupt = (path) => (path === '/api/live' ? NO_SESSION() : null)
    await scene.close()
    await scene.world.pass(5_000)
    expect([scene.mail.trouble?.code, scene.mail.connection.live]).toEqual(['no_session', 'offline'])
  })

  test('is asked about no more', async () => {
    const { server, world } = await ended()
    let asked = 0
    server.interrupt = () => ((asked += 1), NO_SESSION())
    await world.pass(3_600_000)
    expect(asked).toBe(0)
  })

  test('goes on when the person comes back, having signed in again in another tab', async () => {
    const { server, world, mail } = await ended()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    server.interrupt = (path) => (path === '/api/live' ? new Response(readable) : null)
    server.deliver()
    world.return()
    await settled()
    expect([mail.trouble, mail.list?.total]).toEqual([null, 1])
    await writable.getWriter().write(new TextEncoder().encode('event: hello\ndata: {}\n\n'))
    await settled()
    expect(mail.connection.live).toBe('live')
    server.deliver()
    await world.pass(301_000)
    expect(mail.list?.total).toBe(2)
  })
})

test('where the mail server reports no new mail, nobody calls it live, and it is asked for once a minute', async () => {
  const { server, mail, world, say } = await opened()
  await say('hello')
  await say('pace', { pushed: false })
  expect(mail.connection.live).toBe('polled')
  server.deliver()
  await world.pass(61_000)
  expect(mail.list?.total).toBe(1)
})

describe('without live events', () => {
  test('the tab says so, and asks once a minute', async () => {
    const { server, mail, world } = await opened('away')
    expect(mail.connection).toMatchObject({ live: 'offline', trouble: { code: 'unavailable' } })
    server.deliver()
    server.requests.length = 0
    await world.pass(59_000)
    expect(server.requests).toEqual([])
    await world.pass(2_000)
    expect([server.requests.length, mail.list?.total]).toEqual([1, 1])
  })
})

describe('a session that ends while the page is open', () => {
  test('is told beside what is shown, which is not called live any more', async () => {
    const { server, mail, world, say, close } = await opened()
    server.deliver({ subject: 'Shown' })
    await say('hello')
    server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
    await close()
    await world.pass(5_000)
    expect([mail.list?.trouble?.code, mail.connection.live]).toEqual(['no_session', 'offline'])
    expect(mail.list?.row(0)?.subject).toBe('Shown')
    server.interrupt = () => expect.unreachable()
    await world.pass(600_000)
  })
})

describe('a session whose end an action is the first to meet', () => {
  const NO_SESSION = (): Response => Response.json({ code: 'no_session' }, { status: 401 })

  async function met(): Promise<Scene & { asked: () => number }> {
    const scene = await opened()
    scene.server.deliver()
    await scene.say('hello')
    await scene.say('mail', { id: '1' })
    let asked = 0
    scene.server.interrupt = () => ((asked += 1), NO_SESSION())
    scene.mail.actions.run({ kind: 'star', on: true }, ['t1'])
    await scene.world.pass(5_000)
    return { ...scene, asked: () => asked }
  }

  test('is told to the whole page, though the live stream goes on', async () => {
    const { mail } = await met()
    expect([mail.trouble?.code, mail.list?.trouble?.code]).toEqual(['no_session', 'no_session'])
    expect([mail.connection.live, mail.list?.freshness]).toEqual(['offline', 'cached'])
  })

  test('is asked about once more, and no further', async () => {
    const { asked, world } = await met()
    await world.pass(3_600_000)
    expect(asked()).toBe(2)
  })

  test('goes on when the person comes back, having signed in again in another tab', async () => {
    const { server, world, mail } = await met()
    server.interrupt = () => null
    world.return()
    await settled()
    expect([mail.trouble, mail.connection.live, mail.actions.waiting]).toEqual([null, 'live', 0])
    expect(server.emails.get('e1')?.keywords).toEqual({ $flagged: true })
  })
})

describe('a mailbox that is not ready any more', () => {
  test('is told to the whole page, until it is ready again', async () => {
    const { mail, say } = await opened()
    await say('hello')
    await say('provisioning', { state: 'missing' })
    expect(mail.trouble?.code).toBe('mailbox_not_ready')
    await say('hello')
    expect(mail.trouble).toBeNull()
  })
})

test('after the page is left nothing is asked', async () => {
  const { server, mail, world } = await opened('away')
  mail.stop()
  server.requests.length = 0
  await world.pass(3_600_000)
  world.return()
  await settled()
  expect(server.requests).toEqual([])
})
