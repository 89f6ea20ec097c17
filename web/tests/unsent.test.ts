import { expect, test } from 'vitest'
import { opened } from './reply-scene.ts'

test('a reply counts as unsent from its first letter on, before it is written, and until it is discarded', async () => {
  const { mail, reply } = await opened()
  expect(mail.unsent).toBe(0)
  mail.sending.keep(reply.parent.id, 'D')
  expect(mail.unsent).toBe(1)
  mail.sending.keep(reply.parent.id, '')
  expect(mail.unsent).toBe(0)
})

test('an action counts as unsent once it could not be sent', async () => {
  const { mail, server, world } = await opened()
  mail.actions.run({ kind: 'star', on: true }, [mail.list?.row(0)?.threadId ?? ''])
  expect(mail.unsent).toBe(0)
  server.interrupt = () => {
    throw new TypeError('offline')
  }
  await world.pass(100)
  expect(mail.unsent).toBe(1)
})
