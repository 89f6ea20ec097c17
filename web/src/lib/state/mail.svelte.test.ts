// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { settled, World } from '../../../tests/world.ts'
import { Mail } from './mail.svelte.ts'

interface Scene {
  mail: Mail
  server: ModelServer
  world: World
}

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
})

async function opened(): Promise<Scene> {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  const world = new World()
  const mail = new Mail(world.ports(server.fetch))
  mail.show(null)
  await vi.waitFor(() => expect(mail.list?.freshness).toBe('current'))
  return { mail, server, world }
}

/** What an effect sees, from now on: each value once. */
async function watched<T>(read: () => T): Promise<T[]> {
  const seen: T[] = []
  ends.push(
    $effect.root(() => {
      $effect(() => {
        const value = read()
        if (seen.length === 0 || value !== seen.at(-1)) {
          seen.push(value)
        }
      })
    })
  )
  await settled()
  return seen
}

async function hint({ mail }: Scene): Promise<void> {
  mail.connection.tryNow()
  await settled()
}

test('a view that shows a row, a count, a message follows them', async () => {
  const scene = await opened()
  const { mail, server } = scene
  mail.reader.open('a')
  await settled()
  const subjects = await watched(() => mail.list?.row(0)?.subject)
  const counts = await watched(() => mail.mailboxes.byRole('inbox')?.count)
  const messages = await watched(() => mail.reader.conversation?.messages.length)
  server.deliver({ threadId: 'a', subject: 'Re: Mail 1' })
  server.deliver({ subject: 'Another' })
  await hint(scene)
  expect(subjects).toEqual(['Mail 1', 'Another'])
  expect(counts).toEqual([0, 2])
  expect(messages).toEqual([1, 2])
})

test('what did not change stays the same object, so that nothing is drawn again', async () => {
  const scene = await opened()
  const { mail, server } = scene
  mail.reader.open('a')
  await settled()
  await scene.world.pass(100)
  await settled()
  const before = [mail.list?.row(0), mail.reader.conversation, mail.mailboxes.items]
  await hint(scene)
  expect([mail.list?.row(0), mail.reader.conversation, mail.mailboxes.items]).toEqual(before)
  expect(mail.list?.row(0)).toBe(before[0])
  expect(mail.reader.conversation).toBe(before[1])
  expect(mail.mailboxes.items).toBe(before[2])
  server.deliver()
  await hint(scene)
  expect(mail.list?.row(1)).toBe(before[0])
})

test('a view that shows another list, a trouble follows them', async () => {
  const scene = await opened()
  const { mail, server } = scene
  const lists = await watched(() => mail.list?.mailboxId)
  const troubles = await watched(() => mail.list?.trouble?.code)
  const lives = await watched(() => mail.connection.live)
  mail.show('sent')
  await settled()
  server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503 })
  await hint(scene)
  expect(lists).toEqual(['inbox', 'sent'])
  expect(troubles).toEqual([undefined, 'mail_server_away'])
  expect(lives.at(-1)).toBe('offline')
})
