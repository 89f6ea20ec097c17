import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
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
  const made: Objects[] = []
  const put = Objects.prototype.putMailboxes
  Objects.prototype.putMailboxes = function (mailboxes) {
    made.push(this)
    put.call(this, mailboxes)
  }
  const scene = await opened(server)
  Objects.prototype.putMailboxes = put
  for (let round = 0; round < 25; round += 1) {
    deliver(server, 100)
    await hint(scene)
  }
  const [objects = new Objects()] = made
  expect(known(objects, server)).toBeLessThanOrEqual(2_100)
  expect(scene.mail.list?.row(0)?.emailId).toBe('e2600')
  scene.mail.list?.want(2_550, 2_600)
  await hint(scene)
  expect(scene.mail.list?.row(2_599)?.emailId).toBe('e1')
  scene.mail.stop()
})
