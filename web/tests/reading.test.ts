/** What a person has read, and what only lies in an open conversation. */
import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

async function reading(unread: number): Promise<Scene> {
  const server = new ModelServer()
  for (let number = 0; number < unread; number += 1) server.deliver({ threadId: 'a' })
  const scene = await opened(server)
  scene.mail.reader.open('a')
  await scene.world.pass(100)
  return scene
}

function read({ server }: Scene): string[] {
  return [...server.emails.values()].flatMap(({ id, keywords }) => (keywords['$seen'] ? [id] : []))
}

describe('a conversation that is opened', () => {
  test('expands its unread messages, and reads them', async () => {
    const scene = await reading(3)
    expect([...(scene.mail.reader.conversation?.expanded ?? [])]).toEqual(['e1', 'e2', 'e3'])
    expect(read(scene)).toEqual(['e1', 'e2', 'e3'])
    const messages = scene.mail.reader.conversation?.messages ?? []
    expect(messages.map(({ body, unread }) => [body !== null, unread])).toEqual(Array(3).fill([true, false]))
  })

  test.each([11, 100])('is read, although not all of its %i unread messages are expanded', async (unread) => {
    const scene = await reading(unread)
    const newest = Array.from({ length: 9 }, (_, at) => `e${unread - 8 + at}`)
    expect([...(scene.mail.reader.conversation?.expanded ?? [])]).toEqual(['e1', ...newest])
    expect(read(scene)).toHaveLength(unread)
    expect(scene.mail.list?.row(0)?.unread).toBe(false)
  })

  test('keeps expanded what was, when a newer message comes', async () => {
    const scene = await reading(1)
    scene.server.deliver({ threadId: 'a' })
    scene.mail.connection.tryNow()
    await settled()
    expect([...(scene.mail.reader.conversation?.expanded ?? [])]).toEqual(['e1', 'e2'])
  })
})
