import { followPreparation } from '#lib/live/preparation.ts'
import { expect, test } from 'vitest'
import { LiveService, type Given } from '../../../tests/live-service.ts'
import { settled, World } from '../../../tests/world.ts'

async function started(...responses: Given[]) {
  const service = new LiveService(...responses)
  const world = new World()
  const heard: unknown[] = []
  const ends = new AbortController()
  const events = {
    preparation: (preparation: unknown) => heard.push(preparation),
    connected: (yes: boolean) => heard.push(yes)
  }
  void followPreparation(world.ports(service.fetch), events, ends.signal)
  await settled()
  return { service, world, heard, ends }
}

test('each change of the mailbox is passed on, also that it is ready', async () => {
  const { service, heard } = await started()
  await service.say('provisioning', { state: 'preparing' })
  await service.say('hello', { state: 'ready' })
  expect(heard).toEqual([true, { state: 'preparing' }, true, { state: 'ready' }])
})

test('what is no preparation is left out', async () => {
  const { service, heard } = await started()
  await service.say('mail', { state: 's' })
  await service.say('provisioning', null)
  expect(heard).toEqual([])
})

test('a stream that breaks is opened again, after pauses that grow', async () => {
  const { service, world, heard } = await started('stream', new Error('offline'), new Error('offline'))
  await service.say('provisioning', {})
  await service.close()
  expect(heard).toEqual([true, {}, false])
  for (const [pause, asked] of [
    [750, 2],
    [1_500, 3],
    [3_000, 4]
  ] as const) {
    await world.pass(pause - 1)
    expect(service.asked).toHaveLength(asked - 1)
    await world.pass(1)
    expect(service.asked).toHaveLength(asked)
  }
})

test('a service that refuses is asked again when it says', async () => {
  const refusal = new Response(null, { status: 503, headers: { 'Retry-After': '20' } })
  const { service, world, heard } = await started(refusal)
  expect(heard).toEqual([false])
  await world.pass(20_000)
  expect(service.asked).toHaveLength(1)
  await world.pass(1_000)
  expect(service.asked).toHaveLength(2)
})

test('who has left the page asks no more', async () => {
  const { service, world, heard, ends } = await started()
  ends.abort()
  await world.pass(60_000)
  expect([service.asked.length, heard]).toEqual([1, []])
})
