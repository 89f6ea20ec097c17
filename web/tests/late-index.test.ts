import { expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { deliver, hint, opened, type Scene } from './scene.ts'

/** Mail arrives that the server sorts later. */
async function arrived(count: number): Promise<Scene & { ids: string[] }> {
  const server = new ModelServer()
  deliver(server, 70)
  const scene = await opened(server)
  const ids = Array.from({ length: count }, () => server.deliver().id)
  ids.forEach((id) => server.unsorted.add(id))
  await hint(scene)
  return { ...scene, ids }
}

test('mail that the server sorts after it told of it comes to the top by itself', async () => {
  const { server, mail, world, ids } = await arrived(3)
  expect(mail.list?.row(0)?.emailId).not.toBe(ids[2])
  await world.pass(600)
  server.unsorted.clear()
  await world.pass(1_000)
  expect([0, 1, 2].map((index) => mail.list?.row(index)?.emailId)).toEqual(ids.toReversed())
})

test('some that are sorted and some that are not come into their order', async () => {
  const { server, mail, world, ids } = await arrived(4)
  server.unsorted.delete(ids[0] as string)
  server.unsorted.delete(ids[3] as string)
  await hint({ mail, server, world })
  server.unsorted.clear()
  await world.pass(600)
  expect([0, 1, 2, 3].map((index) => mail.list?.row(index)?.emailId)).toEqual(ids.toReversed())
})

test('a few rows in a wrong order come into their order', async () => {
  const server = new ModelServer()
  deliver(server, 5)
  const scene = await opened(server)
  const { id } = server.deliver()
  server.unsorted.add(id)
  await hint(scene)
  expect(scene.mail.list?.row(5)?.emailId).toBe(id)
  server.unsorted.clear()
  await scene.world.pass(600)
  expect(scene.mail.list?.row(0)?.emailId).toBe(id)
})

test('a server that sorts at once is not asked again, and one that never does not for ever', async () => {
  const sorted = await arrived(0)
  sorted.server.deliver()
  await hint(sorted)
  const requests = sorted.server.requests.length
  await sorted.world.pass(20_000)
  expect(sorted.server.requests.length).toBe(requests)

  const never = await arrived(2)
  const before = never.server.requests.length
  await never.world.pass(30_000)
  expect(never.server.requests.length - before).toBe(4)
})
