import { expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened } from './scene.ts'

test('an action counts as unsent once it could not be sent', async () => {
  const served = new ModelServer()
  served.deliver()
  const { mail, server, world } = await opened(served)
  mail.actions.run({ kind: 'star', on: true }, [mail.list?.row(0)?.threadId ?? ''])
  expect(mail.unsent).toBe(0)
  server.interrupt = () => {
    throw new TypeError('offline')
  }
  await world.pass(100)
  expect(mail.unsent).toBe(1)
})
