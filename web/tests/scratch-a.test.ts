import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})
async function clocked(): Promise<WritingScene> {
  const scene = await writing()
  scene.server.now = () => scene.world.time
  scene.server.sending.clock = () => scene.world.time
  return scene
}
const offline = () => { throw new TypeError('offline') }

test('b a message that waits for the connection and is discarded is not sent', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  scene.server.interrupt = offline
  await draft.send({ anyway: true })
  await scene.world.pass(20_000)
  const [one] = scene.compose.unsentDrafts
  const again = await scene.compose.start({ kind: 'kept', id: one?.id ?? '' })
  again.discard()
  await scene.world.pass(20_000)
  scene.server.interrupt = () => null
  scene.world.return()
  await scene.world.pass(90_000)
  expect([scene.server.sending.delivered.length, draftsOn(scene), scene.compose.unsent, scene.compose.open.length]).toEqual([0, [], 0, 0])
})
test('b2 discarded while it is sent (window of a waiting one), online', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await scene.world.pass(4_000)
  scene.server.interrupt = offline
  await draft.send({ anyway: true })
  await scene.world.pass(20_000)
  const [one] = scene.compose.unsentDrafts
  const again = await scene.compose.start({ kind: 'kept', id: one?.id ?? '' })
  scene.server.interrupt = () => null
  scene.world.return()
  await settled()
  again.discard()
  await scene.world.pass(90_000)
  expect([scene.server.sending.delivered.length, draftsOn(scene), scene.compose.unsent, scene.compose.open.length, scene.server.list('sent').length]).toEqual([0, [], 0, 0, 0])
})
test('b3 unknown and discarded', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await scene.world.pass(4_000)
  let lost = false
  scene.server.interrupt = (_, body) => { if (!lost && body.includes('"send"')) { lost = true; throw new TypeError('lost') } return null }
  await draft.send({ anyway: true })
  await scene.world.pass(60_000)
  const [open] = scene.compose.open
  const status = open?.status
  open?.discard()
  await scene.world.pass(60_000)
  expect([status, scene.server.sending.delivered.length, draftsOn(scene), scene.compose.unsent, scene.compose.open.length]).toEqual(['unknown', 0, [], 0, 0])
})
test('e a message that was refused before it was stored, and whose window is closed, is kept', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  draft.change({ identityId: 'i7' })
  await draft.send({ anyway: true })
  await scene.world.pass(200)
  const [again] = scene.compose.open
  const trouble = again?.trouble?.code
  again?.close()
  await scene.world.pass(20_000)
  expect([trouble, draftsOn(scene)]).toEqual(['identity_gone', ['Dear Ann']])
})
test('e2 reload offline, close', async () => {
  const scene = await clocked()
  scene.server.interrupt = (_, body) => body.includes('/set') ? offline() : null
  await begun(scene)
  scene.world.leave()
  await settled()
  scene.mail.stop()
  const next = await writing(scene.server)
  next.compose.open[0]?.close()
  await next.world.pass(5_000)
  scene.server.interrupt = () => null
  await next.world.pass(60_000)
  expect(draftsOn(next)).toEqual(['Dear Ann'])
})
test('f undo while the response is on its way', async () => {
  for (const wait of [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]) {
    globalThis.indexedDB = new IDBFactory()
    const scene = await clocked()
    const draft = await begun(scene)
    await scene.world.pass(4_000)
    void draft.send({ anyway: true })
    for (let n = 0; n < wait; n += 1) await new Promise((r) => setImmediate(r))
    const undoing = scene.compose.departures[0]?.undo()
    await scene.world.pass(5_000)
    const back = await undoing
    await scene.world.pass(60_000)
    scene.server.sending.run()
    const sent = scene.server.sending.delivered.length
    expect([wait, sent, draftsOn(scene).length, scene.server.list('sent').length, scene.compose.open.length, Boolean(back)]).toEqual(undoing ? [wait, 0, 1, 0, 1, true] : [wait, 1, 0, 1, 0, false])
    scene.mail.stop()
  }
})
test('g 5 MB of text, 200 recipients, 60 files', async () => {
  const scene = await clocked()
  const draft = await begun(scene, 'x '.repeat(2_500_000))
  draft.change({ to: Array.from({ length: 200 }, (_, n) => ({ name: '', address: `p${n}@example.net` })) })
  draft.attach(Array.from({ length: 60 }, (_, n) => new File(['x'], `f${n}`)))
  await scene.world.pass(60_000)
  await draft.send({ anyway: true })
  await scene.world.pass(60_000)
  expect([scene.server.sending.delivered[0]?.rcptTo.length, scene.server.list('sent').length, scene.compose.open.length]).toEqual([200, 1, 0])
})
test('h two tabs without locks and without channel', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await scene.world.pass(1_000)
  const two = await writing(scene.server)
  two.world.time = scene.world.time
  const other = two.compose.open[0]
  expect(other?.draft.text).toBe('Dear Ann')
  await Promise.all([draft.send({ anyway: true }), other?.send({ anyway: true })])
  for (let n = 0; n < 60; n += 1) { await scene.world.pass(1_000); await two.world.pass(1_000) }
  expect([scene.server.sending.delivered.length, draftsOn(scene), scene.server.list('sent').length]).toEqual([1, [], 1])
})
test('h2 the same, one after the other', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await scene.world.pass(1_000)
  const two = await writing(scene.server)
  two.world.time = scene.world.time
  const other = two.compose.open[0]
  await other?.send({ anyway: true })
  for (let n = 0; n < 5; n += 1) { await two.world.pass(1_000); await scene.world.pass(1_000) }
  await draft.send({ anyway: true })
  for (let n = 0; n < 60; n += 1) { await scene.world.pass(1_000); await two.world.pass(1_000) }
  console.log(scene.compose.open.map((c) => [c.elsewhere, c.status, c.trouble?.code]), two.compose.open.map((c) => [c.elsewhere, c.status, c.trouble?.code]))
  expect([scene.server.sending.delivered.length, draftsOn(scene), scene.server.list('sent').length]).toEqual([1, [], 1])
})
test('b4 discarded while waiting, and taken back', async () => {
  for (const wait of [0, 5_000, 20_000]) {
    globalThis.indexedDB = new IDBFactory()
    const scene = await clocked()
    const draft = await begun(scene)
    scene.server.interrupt = offline
    await draft.send({ anyway: true })
    await scene.world.pass(20_000)
    const [one] = scene.compose.unsentDrafts
    const again = await scene.compose.start({ kind: 'kept', id: one?.id ?? '' })
    const undo = again.discard()
    await scene.world.pass(wait)
    undo()
    await scene.world.pass(5_000)
    scene.server.interrupt = () => null
    scene.world.return()
    await scene.world.pass(90_000)
    expect([wait, scene.server.sending.delivered.length, draftsOn(scene), scene.compose.open.map((c) => [c.status, c.draft.text])]).toEqual([wait, 0, ['Dear Ann'], [['writing', 'Dear Ann']]])
    scene.mail.stop()
  }
})
