import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { LiveService, type Given } from '../../../tests/live-service.ts'
import { settled, World } from '../../../tests/world.ts'
import type { CentrifugoPorts, listenToCentrifugo } from './centrifugo.ts'
import { Live, type LiveMessage } from './live.ts'

interface Scene {
  service: LiveService
  world: World
  live: Live
  told: LiveMessage[]
  kinds: () => string[]
}

async function started(...responses: Given[]): Promise<Scene> {
  const service = new LiveService(...responses)
  const world = new World()
  const told: LiveMessage[] = []
  const live = new Live('live-test', world.ports(service.fetch), (message) => told.push(message))
  live.start()
  await settled()
  return {
    service,
    world,
    live,
    told,
    kinds: () => told.splice(0).map((message) => (message.kind === 'status' ? message.status.state : message.kind))
  }
}

describe('live events', () => {
  test('begin with a hint: what came before was not announced', async () => {
    const { service, kinds } = await started()
    await service.say('hello')
    expect(kinds()).toEqual(['connecting', 'live', 'hint'])
  })

  test.each(['mail', 'reload'])('%s is a hint', async (type) => {
    const { service, kinds } = await started()
    await service.say('hello')
    kinds()
    await service.say(type, { id: '1', type: 'mail', data: { state: 's' } })
    expect(kinds()).toEqual(['hint'])
  })

  test.each([
    ['mail', 'hint'],
    ['settings', 'settings']
  ])('of %s that come without pause are told once a second, and a last one behind them', async (type, kind) => {
    const { service, world, told, kinds } = await started()
    await service.say('hello')
    kinds()
    for (let second = 0; second < 10; second += 1) {
      for (let time = 0; time < 20; time += 1) await service.say(type)
      await world.pass(1_000)
    }
    const few = kinds()
    expect(new Set(few)).toEqual(new Set([kind]))
    expect(few.length).toBeLessThanOrEqual(15)
    await service.say(type, { data: { etag: 'the last' } })
    await world.pass(1_000)
    expect(told).toEqual([kind === 'hint' ? { kind } : { kind, etag: 'the last' }])
    await world.pass(20_000)
    expect(told).toHaveLength(1)
  })

  test('tell of settings that were stored, with their tag', async () => {
    const { service, told } = await started()
    await service.say('settings', { id: 1, type: 'settings', data: { etag: '"x"' } })
    expect(told.at(-1)).toEqual({ kind: 'settings', etag: '"x"' })
  })

  test('tell whether new mail is announced at all, and when that changes', async () => {
    const { service, kinds } = await started()
    await service.say('hello')
    kinds()
    await service.say('pace', { pushed: false })
    await service.say('pace', { pushed: true })
    expect(kinds()).toEqual(['polled', 'live'])
  })

  test('tell of a mailbox that is being made', async () => {
    const { service, told } = await started()
    await service.say('provisioning', { state: 'preparing' })
    expect(told.at(-1)).toEqual({ kind: 'preparation', preparation: { state: 'preparing' } })
  })

  test('begin again after the connection broke, after a pause', async () => {
    const { service, world, live, kinds } = await started()
    await service.say('hello')
    await service.close()
    expect(live.status).toMatchObject({ state: 'connecting', since: new Date(world.time), trouble: null })
    kinds()
    await world.pass(2_000)
    expect(service.asked).toHaveLength(2)
    await service.say('hello')
    // What was announced in between is lost.
    expect(kinds()).toEqual(['live', 'hint', 'settings'])
  })

  test('that cannot be had again are told with the reason, and since when', async () => {
    const { service, world, live } = await started('stream', new Error('offline'))
    await service.say('hello')
    const since = new Date(world.time)
    await service.close()
    await world.pass(1_000)
    expect(live.status).toMatchObject({ state: 'offline', since, trouble: { code: 'unavailable' } })
  })

  test('wait as long as the service asks for, and longer each time', async () => {
    const refusal = (): Response =>
      Response.json({ code: 'too_many_streams' }, { status: 503, headers: { 'Retry-After': '20' } })
    const { service, world, live } = await started(refusal(), refusal())
    expect(live.status.trouble).toMatchObject({ code: 'too_many_streams', retryAt: new Date(world.time + 20_750) })
    await world.pass(20_000)
    expect(service.asked).toHaveLength(1)
    await world.pass(1_000)
    expect(service.asked).toHaveLength(2)
    expect(Number(live.status.trouble?.retryAt) - world.time).toBeGreaterThan(21_000)
  })

  test.each([
    ['limit', 400, { type: 'urn:ietf:params:jmap:error:limit' }],
    ['too_many_requests', 429, { code: 'too_many_requests' }]
  ])('say nothing of a short pause that the service asks for: %s', async (code, status, body) => {
    const refusal = (): Response => Response.json(body, { status, headers: { 'Retry-After': '3' } })
    const { service, world, live } = await started('stream', refusal(), refusal())
    await service.say('hello')
    await service.close()
    await world.pass(1_000)
    expect(live.status).toMatchObject({ state: 'connecting', trouble: null })
    await world.pass(5_000)
    expect(live.status).toMatchObject({ state: 'offline', trouble: { code } })
    await world.pass(10_000)
    await service.say('hello')
    expect(live.status).toMatchObject({ state: 'live', trouble: null })
  })

  test('end for good if nobody is signed in', async () => {
    const { service, world, kinds } = await started(Response.json({ code: 'no_session' }, { status: 401 }))
    expect(kinds()).toEqual(['connecting', 'signed-out'])
    await world.pass(3_600_000)
    expect(service.asked).toHaveLength(1)
  })

  test('go on by the next tab if the leader is not signed in: somebody may sign in there', async () => {
    const tabs = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }
    const [first, next] = [new LiveService(Response.json({ code: 'no_session' }, { status: 401 })), new LiveService()]
    const lives = [first, next].map(
      ({ fetch }) => new Live('live-test-signed-out', new World().ports(fetch, tabs), () => undefined)
    )
    lives[0]?.start()
    await vi.waitFor(() => expect(first.asked).toHaveLength(1))
    lives[1]?.start()
    await vi.waitFor(() => expect(next.asked).toHaveLength(1))
    lives[1]?.stop()
  })

  test('come again after a response that nobody can read', async () => {
    const { service, world, live } = await started('stream', new Response('<html>'))
    await service.say('elsewhere')
    await service.close()
    expect(live.status).toMatchObject({ state: 'offline', trouble: { code: 'unavailable' } })
    await world.pass(2_000)
    expect(service.asked).toEqual(['/api/live', '/api/realtime', '/api/live'])
  })

  test('come again after where they are published was asked for in vain', async () => {
    const { service, world } = await started('stream', 'stream')
    await service.say('elsewhere')
    await service.close()
    await world.pass(22_000)
    expect(service.asked).toEqual(['/api/live', '/api/realtime', '/api/live'])
  })

  test('come again after a refusal that is never told to its end', async () => {
    const world = new World()
    const refuse = vi.fn<typeof fetch>((_, init) => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      init?.signal?.addEventListener('abort', () => void writable.abort())
      return Promise.resolve(new Response(readable, { status: 503 }))
    })
    new Live('live-test', world.ports(refuse), () => undefined).start()
    await world.pass(62_000)
    expect(refuse).toHaveBeenCalledTimes(2)
  })

  test('leave nothing behind for each pause', async () => {
    const added = vi.spyOn(AbortSignal.prototype, 'addEventListener')
    const { service, world } = await started(...Array.from({ length: 20 }, () => new Error('offline')))
    await world.pass(3_600_000)
    const signals = added.mock.contexts as AbortSignal[]
    added.mockRestore()
    expect(service.asked.length).toBeGreaterThan(20)
    expect(Math.max(...signals.map((signal) => getEventListeners(signal, 'abort').length))).toBeLessThan(3)
  })

  test('come at once again if the person asks', async () => {
    const { service, live } = await started(new Error('offline'))
    live.tryNow()
    await settled()
    expect(service.asked).toHaveLength(2)
  })
})

describe('of five tabs', () => {
  const tabs = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }

  async function five(name: string): Promise<{ service: LiveService; live: Live; told: LiveMessage[] }[]> {
    const all = Array.from({ length: 5 }, () => {
      const service = new LiveService()
      const told: LiveMessage[] = []
      const live = new Live(name, new World().ports(service.fetch, tabs), (message) => told.push(message))
      live.start()
      return { service, live, told }
    })
    await vi.waitFor(() => expect(all.filter(({ service }) => service.asked.length > 0)).toHaveLength(1))
    return all
  }

  test('one has a connection, and all hear the same', async () => {
    const all = await five('live-test-five')
    await all.find(({ service }) => service.asked.length > 0)?.service.say('hello')
    await vi.waitFor(() => {
      expect(all.map(({ live }) => live.status.state)).toEqual(Array(5).fill('live'))
      expect(all.every(({ told }) => told.at(-1)?.kind === 'hint')).toBe(true)
    })
    all.forEach(({ live }) => live.stop())
  })

  test('the next asks as soon as the leader is gone, and all look for what was missed', async () => {
    const all = await five('live-test-hand-over')
    const leader = all.find(({ service }) => service.asked.length > 0)
    await leader?.service.say('hello')
    const others = all.filter((tab) => tab !== leader)
    await vi.waitFor(() => expect(others.every(({ live }) => live.status.state === 'live')).toBe(true))
    others.forEach(({ told }) => told.splice(0))
    leader?.live.stop()
    // No time passes in their worlds: nobody waits for a timer.
    await vi.waitFor(() => expect(others.some(({ service }) => service.asked.length > 0)).toBe(true))
    expect(others.filter(({ service }) => service.asked.length > 0)).toHaveLength(1)
    await others.find(({ service }) => service.asked.length > 0)?.service.say('hello')
    await vi.waitFor(() =>
      expect(others.every(({ told }) => told.at(-2)?.kind === 'hint' && told.at(-1)?.kind === 'settings')).toBe(true)
    )
    others.forEach(({ live }) => live.stop())
  })
})

describe('where Centrifugo publishes', () => {
  const REALTIME = { transport: 'centrifugo', url: 'wss://c', channel: 'mail:user#1', token: 't' }
  const listening = vi.fn<typeof listenToCentrifugo>()

  let pushed = true

  async function elsewhere(...responses: Response[]): Promise<Scene & { ports: CentrifugoPorts }> {
    vi.doMock('./centrifugo.ts', () => ({ listenToCentrifugo: listening.mockClear() }))
    const scene = await started('stream', Response.json(REALTIME), ...responses)
    await scene.service.say('hello')
    if (!pushed) await scene.service.say('pace', { pushed: false })
    await scene.service.say('elsewhere')
    await scene.service.close()
    await vi.waitFor(() => expect(listening).toHaveBeenCalledOnce())
    const [first, ports] = listening.mock.calls[0] ?? []
    expect(first).toEqual(REALTIME)
    scene.kinds()
    return { ...scene, ports: ports as CentrifugoPorts }
  }

  test('nobody calls it live if the mail server reports no new mail', async () => {
    pushed = false
    const { ports, kinds } = await elsewhere()
    pushed = true
    ports.connected(true)
    expect(kinds()).toEqual(['polled', 'hint', 'settings'])
  })

  test('what it hears are hints, as is each connection', async () => {
    const { ports, kinds } = await elsewhere()
    ports.connected(true)
    ports.heard({ type: 'mail' })
    ports.heard({ type: 'settings', data: { etag: '"x"' } })
    ports.connected(false)
    expect(kinds()).toEqual(['live', 'hint', 'settings', 'hint', 'settings', 'connecting'])
  })

  test('a mailbox that is not ready any more leads back to /api/live', async () => {
    const { ports, service, world } = await elsewhere()
    ports.heard({ type: 'mailbox' })
    await settled()
    await world.pass(2_000)
    expect(service.asked).toEqual(['/api/live', '/api/realtime', '/api/live'])
  })

  test('a part of the page that does not load is tried again', async () => {
    vi.resetModules()
    vi.doMock('./centrifugo.ts', () => Promise.reject(new Error('of an older version')))
    const { service, world, live } = await started('stream', Response.json(REALTIME))
    await service.say('elsewhere')
    await service.close()
    await vi.waitFor(() => expect(live.status.state).toBe('offline'))
    await world.pass(2_000)
    expect(service.asked).toEqual(['/api/live', '/api/realtime', '/api/live'])
    vi.resetModules()
  })

  test('a token that is not renewed, since nobody is signed in, ends it for good', async () => {
    const { ports, kinds } = await elsewhere(Response.json({ code: 'no_session' }, { status: 401 }))
    expect(await ports.renew()).toBeNull()
    ports.ended()
    await settled()
    expect(kinds()).toEqual(['signed-out'])
  })
})
