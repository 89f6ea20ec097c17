import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { Objects } from '#lib/store/objects.ts'
import { ModelServer } from './model-server.ts'
import { deliver, hint, opened } from './scene.ts'

/** Emails that the store knows: it has no other way to tell. */
function known(objects: Objects, server: ModelServer): number {
  return [...server.emails.keys()].filter((id) => objects.baseOf(id)).length
}

test('a page that is open for weeks keeps a bounded part of the mail that arrives', async () => {
  const server = new ModelServer()
  deliver(server, 100)
  const puts = vi.spyOn(Objects.prototype, 'putMailboxes')
  const scene = await opened(server)
  for (let round = 0; round < 25; round += 1) {
    deliver(server, 100)
    await hint(scene)
  }
  const objects = puts.mock.contexts[0] as Objects
  expect(known(objects, server)).toBeLessThanOrEqual(2_100)
  expect(scene.mail.list?.row(0)?.emailId).toBe('e2600')
  scene.mail.list?.want(2_550, 2_600)
  await hint(scene)
  expect(scene.mail.list?.row(2_599)?.emailId).toBe('e1')
  scene.mail.stop()
})
