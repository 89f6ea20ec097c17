import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test, vi } from 'vitest'
import { begun, writing } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

test.each(['throw', 'error'])('x %s', async (how) => {
  const scene = await writing()
  const draft = await begun(scene)
  await scene.world.pass(5_000)
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  scene.server.interrupt = () => {
    if (how === 'throw') throw new TypeError('offline')
    return new Response('', { status: 503 })
  }
  draft.change({ text: 'Dear Ann, hello' })
  const seen: unknown[] = []
  for (let i = 0; i < 40; i++) {
    await scene.world.pass(1_000)
    seen.push(JSON.stringify(draft.save))
  }
  console.log(how, seen.filter((s, i) => s !== seen[i - 1]), seen.length)
  await draft.send({ anyway: true })
  await scene.world.pass(30_000)
  console.log(scene.compose.open.map((c) => [c.status, c.save, c.trouble]), scene.compose.departures)
  put.mockRestore()
})
test('none', async () => {
  const scene = await writing()
  const open = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => { throw new DOMException('x', 'SecurityError') })
  const scene2 = await writing(scene.server)
  const draft = await begun(scene2)
  scene.server.interrupt = () => { throw new TypeError('offline') }
  const seen: unknown[] = []
  for (let i = 0; i < 40; i++) {
    await scene2.world.pass(1_000)
    seen.push(JSON.stringify(draft.save))
  }
  console.log('none', seen.filter((s, i) => s !== seen[i - 1]))
  await draft.send({ anyway: true })
  await scene2.world.pass(30_000)
  console.log(scene2.compose.open.map((c) => [c.status, c.save, c.trouble]), scene2.compose.departures)
  open.mockRestore()
})
