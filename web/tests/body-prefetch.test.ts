import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import '#lib/sync/body-prefetch.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { deliver, opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** A page that may fetch what nobody has opened, some time after it was opened. */
async function rested(server: ModelServer, change: (scene: Scene) => void = () => undefined): Promise<Scene> {
  const scene = await opened(server)
  scene.world.savesData = false
  change(scene)
  server.requests.length = 0
  await scene.world.pass(60_000)
  return scene
}

/** How many requests asked for bodies only. */
function requests({ requests: all }: ModelServer): number {
  return all.filter((calls) => calls.length === 1 && calls[0] === 'Email/get').length
}

function many(count: number): ModelServer {
  const server = new ModelServer()
  deliver(server, count)
  return server
}

describe('the newest conversations of the inbox', () => {
  test('can be read offline, though nobody opened them: 30 of them', async () => {
    const server = many(40)
    const scene = await rested(server)
    expect(requests(server)).toBe(3)
    server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
    const text = async (thread: string): Promise<string | undefined> => {
      scene.mail.reader.open(thread)
      await settled()
      return scene.mail.reader.conversation?.messages[0]?.body?.text
    }
    expect([await text('t11'), await text('t10')]).toEqual(['The text', undefined])
  })

  test('are fetched once: what this device has is not asked for again', async () => {
    const server = many(3)
    const first = await rested(server)
    first.mail.stop()
    await settled()
    await rested(server)
    expect(requests(server)).toBe(0)
  })

  test('are not fetched whole if they are large, nor asked for again', async () => {
    const server = many(1)
    const long = { value: 'x'.repeat(100_000), isTruncated: true, isEncodingProblem: false }
    server.update('e1', { bodyValues: { text: long } })
    const scene = await rested(server)
    await scene.world.pass(600_000)
    expect(requests(server)).toBe(1)
    server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
    scene.mail.reader.open('t1')
    await settled()
    expect(scene.mail.reader.conversation?.messages[0]?.body).toBeNull()
  })

  test('are fetched up to 5 MB an hour', async () => {
    const server = many(30)
    for (const { id } of server.emails.values()) {
      const part = { value: 'x'.repeat(600_000), isTruncated: false, isEncodingProblem: false }
      server.update(id, { bodyValues: { text: part } })
    }
    const { world } = await rested(server)
    expect(requests(server)).toBe(1)
    await world.pass(3_700_000)
    expect(requests(server)).toBe(2)
  })

  test.each<[string, (scene: Scene) => void]>([
    ['the person saves data', ({ world }) => (world.savesData = true)],
    ['nobody looks at the tab', ({ world }) => (world.visible = false)],
    [
      'the mail server is away',
      ({ server, mail }) => {
        server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503 })
        mail.connection.tryNow()
      }
    ]
  ])('are not fetched while %s', async (_, change) => {
    const server = many(3)
    await rested(server, change)
    expect(requests(server)).toBe(0)
  })
})
