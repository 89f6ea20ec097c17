import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { browser, pass, received, tab, within } from './sending-scene.ts'

describe('a message that is sent', () => {
  test('is held by the mail server for the time in which it can be taken back, and leaves by itself', async () => {
    const scene = browser()
    const { drafts, sendings, told, ...first } = await tab(scene)
    const id = await tab(scene).then(() => undefined)
    void [drafts, sendings, told, first, id]
  })
})

test('a letter reaches its recipients once, and lies in Sent alone', async () => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  await one.sendings.send(id)
  await pass(scene, 1_000)
  expect([within(scene, 'drafts'), within(scene, 'sent'), received(scene)]).toEqual([[], ['Pallets'], []])
  expect(one.sendings.departures).toMatchObject([{ held: 'server', scheduled: false }])
  await pass(scene, 15_000)
  expect(one.told).toEqual(['sent Pallets'])
  expect(received(scene)).toEqual(['Pallets'])
  expect(one.drafts.all()).toEqual([])
  expect(scene.world.mistakes).toEqual([])
})

test('taken back', async () => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  await one.sendings.send(id)
  await pass(scene, 5_000)
  const undone = one.sendings.undo(id)
  await pass(scene, 2_000)
  expect(await undone).toBe(true)
  expect([within(scene, 'drafts'), within(scene, 'sent'), received(scene)]).toEqual([['Pallets'], [], []])
  await pass(scene, 20_000)
  expect(received(scene)).toEqual([])
  expect(scene.world.mistakes).toEqual([])
})
