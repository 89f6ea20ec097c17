import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, expect, test } from 'vitest'
import { browser, pass, received, tab, within, type Browser, type SendingTab } from './sending-scene.ts'

const Channel = globalThis.BroadcastChannel

afterEach(() => {
  globalThis.BroadcastChannel = Channel
})

/** Another device of the person, which shares nothing with the first one but the mail server. */
async function device(scene: Browser): Promise<SendingTab> {
  globalThis.indexedDB = new IDBFactory()
  globalThis.BroadcastChannel = class extends Channel {
    constructor(name: string) {
      super(`${name}-other`)
    }
  }
  const other = await tab(scene, false)
  globalThis.BroadcastChannel = Channel
  return other
}

/** A draft that is stored, and open on two devices. */
async function both(): Promise<{ scene: Browser; one: SendingTab; other: SendingTab; ids: [string, string] }> {
  const scene = browser()
  scene.server.now = () => scene.world.time
  const one = await tab(scene)
  const id = await one.write()
  await one.storing.end(id)
  one.storing.storeNow(id)
  await pass(scene, 4_000)
  const other = await device(scene)
  const kept = one.drafts.get(id)
  if (!kept?.stored) throw new Error('not stored')
  other.drafts.open({ ...kept, id: 'other', writer: other.drafts.tab })
  return { scene, one, other, ids: [id, 'other'] }
}

test.each([0, 10, 500, 2_000, 20_000])(
  'a draft that two devices send, the second one %i ms later, leaves once, and the other device is told',
  async (pause) => {
    const { scene, one, other, ids } = await both()
    await one.sendings.send(ids[0])
    await pass(scene, pause, Math.max(1, pause))
    await other.sendings.send(ids[1])
    await pass(scene, 90_000)
    expect([received(scene), within(scene, 'sent'), one.told[0], other.told.length]).toEqual([
      ['Pallets'],
      ['Pallets'],
      'sent Pallets',
      1
    ])
    expect(['draft_sent', 'draft_changed']).toContain(other.told[0])
  }
)

test.each(['late', 'lost'])(
  'a draft that two devices send, while the request that destroys the version before is %s, leaves once',
  async (how) => {
    const { scene, one, other, ids } = await both()
    const { server, world } = scene
    server.interrupt = async (_, body) => {
      if (!body.includes('"destroy"')) return null
      server.interrupt = () => null
      if (how === 'lost') throw new TypeError('lost')
      await new Promise<void>((resolve) => world.ports(server.fetch).after(3_000, resolve))
      return null
    }
    await one.sendings.send(ids[0])
    await pass(scene, 500, 100)
    await other.sendings.send(ids[1])
    await pass(scene, 90_000)
    expect(received(scene).length).toBeLessThan(2)
    expect(within(scene, 'sent')).toEqual(received(scene))
    expect([...one.told, ...other.told].some((told) => told.startsWith('draft_'))).toBe(true)
  }
)
