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
