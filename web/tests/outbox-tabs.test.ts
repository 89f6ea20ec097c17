import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { KeptOutbox } from '#lib/actions/device/outbox.ts'
import { ModelServer } from './model-server.ts'
import { filled, kill, of, offline, online, sets, tab } from './outbox-scene.ts'
import { deliver, hint, shown, type Scene } from './scene.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a database of the browser', () => {
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

  test.each(['add', 'take', 'remove', 'withdraw'] as const)(
    'whose %s never answers keeps nothing from being sent',
    async (method) => {
      const scene = await filled(2)
      vi.spyOn(KeptOutbox.prototype, method).mockImplementation(never<never>)
      scene.mail.actions.run({ kind: 'archive' }, ['t1'])?.undo()
      scene.mail.actions.run({ kind: 'delete' }, ['t2'])
      await scene.world.pass(60_000)
      expect(of(scene, 'e2').mailboxIds).toEqual({ trash: true })
      expect([of(scene, 'e1').mailboxIds, scene.mail.actions.waiting]).toEqual([{ inbox: true }, 0])
    }
  )

  test.each(['add', 'take', 'remove', 'withdraw'] as const)(
    'whose %s fails keeps nothing from being sent',
    async (method) => {
      const scene = await filled(2)
      const failure = new DOMException('closed', 'InvalidStateError')
      vi.spyOn(KeptOutbox.prototype, method).mockImplementation(() => Promise.reject(failure))
      scene.mail.actions.run({ kind: 'archive' }, ['t1'])?.undo()
      scene.mail.actions.run({ kind: 'delete' }, ['t2'])
      await scene.world.pass(60_000)
      expect(of(scene, 'e2').mailboxIds).toEqual({ trash: true })
      expect([of(scene, 'e1').mailboxIds, scene.mail.actions.waiting]).toEqual([{ inbox: true }, 0])
    }
  )
})

describe('several tabs', () => {
  test('send once when the person tries again', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const tabs = [await tab(server), await tab(server), await tab(server)]
    const [one] = tabs as [Scene]
    offline(server)
    one.mail.actions.run({ kind: 'archive' }, ['t1'])
    for (const { world } of tabs) {
      await world.pass(2_000)
    }
    server.requests.length = 0
    online(one)
    await vi.waitFor(() => expect(of(one, 'e1').mailboxIds).not.toHaveProperty('inbox'))
    for (const { world } of tabs) {
      await world.pass(2_000)
    }
    expect([sets(one), sets(one, 'Mailbox/set')]).toEqual([1, 1])
  })
})

describe('a tab that is gone before this device kept what was done in it', () => {
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

  /** Another one, and the one that is killed. */
  async function two(): Promise<[Scene, Scene]> {
    const server = new ModelServer()
    deliver(server, 2)
    return [await tab(server), await tab(server)]
  }

  async function kept(): Promise<unknown[]> {
    const database = await openDB('postroom-mail-3-me@example.org/a')
    const all: unknown[] = await database.getAll('outbox')
    database.close()
    return all
  }

  test('leaves it to another one, which shows it at once and sends it once', async () => {
    const [other, mortal] = await two()
    vi.spyOn(KeptOutbox.prototype, 'add').mockImplementationOnce(never<never>)
    mortal.mail.actions.run({ kind: 'delete' }, ['t1'])
    kill(mortal)
    await vi.waitFor(() => expect(shown(other)).toEqual(['e2']))
    await other.world.pass(5_000)
    expect([of(other, 'e1').mailboxIds, sets(other), other.mail.actions.waiting]).toEqual([{ trash: true }, 1, 0])
  })

  test('leaves it to the others, one of which keeps it for the next start without a network', async () => {
    const [other, mortal] = await two()
    const third = await tab(other.server)
    offline(other.server)
    vi.spyOn(KeptOutbox.prototype, 'add').mockImplementationOnce(never<never>)
    mortal.mail.actions.run({ kind: 'delete' }, ['t1'])
    kill(mortal)
    await vi.waitFor(() => expect([shown(other), shown(third)]).toEqual([['e2'], ['e2']]))
    for (const { world } of [other, third]) {
      await world.pass(5_000)
    }
    expect(await kept()).toHaveLength(1)
    kill(other)
    kill(third)
    other.server.interrupt = () => null
    const next = await tab(other.server)
    await next.world.pass(5_000)
    expect(of(next, 'e1').mailboxIds).toEqual({ trash: true })
  })

  test('and that sent it from memory: what another device moved since stays there', async () => {
    const [other, mortal] = await two()
    const { server } = other
    // Also once room was made for it.
    vi.spyOn(KeptOutbox.prototype, 'add').mockRejectedValue(new DOMException('full', 'QuotaExceededError'))
    server.interrupt = (path, body) => {
      if (!body.includes('Email/set')) {
        return null
      }
      server.respond(path, body)
      return never<Response>()
    }
    mortal.mail.actions.run({ kind: 'delete' }, ['t1'])
    await mortal.world.pass(60)
    expect(of(other, 'e1').mailboxIds).toEqual({ trash: true })
    kill(mortal)
    server.interrupt = () => null
    server.update('e1', { mailboxIds: { sent: true } })
    // The other tab knows of that, and goes on sooner than what waited for long is looked at in any case.
    await hint(other)
    await other.world.pass(1_500)
    await vi.waitFor(() => expect(other.mail.actions.waiting).toBe(0))
    expect(of(other, 'e1').mailboxIds).toEqual({ sent: true })
  })

  test.each([['withdraw'], ['add', 'withdraw']] as const)('and undone: it is not done', async (...methods) => {
    const [other, mortal] = await two()
    methods.forEach((method) => vi.spyOn(KeptOutbox.prototype, method).mockImplementationOnce(never<never>))
    mortal.mail.actions.run({ kind: 'delete' }, ['t1'])?.undo()
    kill(mortal)
    await other.world.pass(10_000)
    expect([of(other, 'e1').mailboxIds, shown(other)]).toEqual([{ inbox: true }, ['e2', 'e1']])
    expect(other.mail.actions.waiting).toBe(0)
  })

  test('does it once, though this device was only slow and the person has moved it back since', async () => {
    const [other, slow] = await two()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its object below
    const { add } = KeptOutbox.prototype
    const { promise, resolve } = Promise.withResolvers<undefined>()
    vi.spyOn(KeptOutbox.prototype, 'add').mockImplementationOnce(async function (this: KeptOutbox, entry) {
      await promise
      await add.call(this, entry)
    })
    slow.mail.actions.run({ kind: 'delete' }, ['t1'])
    await vi.waitFor(() => expect(shown(other)).toEqual(['e2']))
    await other.world.pass(3_000)
    expect(of(other, 'e1').mailboxIds).toEqual({ trash: true })
    other.mail.actions.runOnMessages({ kind: 'move', mailboxId: 'inbox' }, ['e1'])
    await other.world.pass(1_000)
    resolve(undefined)
    for (const { world } of [slow, other, slow, other]) {
      await world.pass(10_000)
    }
    expect([of(other, 'e1').mailboxIds, shown(other), shown(slow)]).toEqual([
      { inbox: true },
      ['e2', 'e1'],
      ['e2', 'e1']
    ])
  })
})

describe('a tab from which another one took over', () => {
  /** The server does it at once, and the response is late. */
  function late(server: ModelServer): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    server.interrupt = (path, body) => {
      if (!body.includes('Email/set')) {
        return null
      }
      server.interrupt = () => null
      const response = server.respond(path, body)
      return promise.then(() => response)
    }
    return () => resolve(undefined)
  }

  test('changes nothing by a response that comes late', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const [one, two] = [await tab(server), await tab(server)]
    const respond = late(server)
    one.mail.actions.run({ kind: 'delete' }, ['t1'])
    await one.world.pass(60)
    await vi.waitFor(() => expect(two.mail.actions.waiting).toBe(1))
    await two.world.pass(20_000)
    await vi.waitFor(() => expect(two.mail.actions.waiting).toBe(0))
    two.mail.actions.runOnMessages({ kind: 'move', mailboxId: 'inbox' }, ['e1'])
    await two.world.pass(1_000)
    respond()
    for (const { world } of [one, two]) {
      await world.pass(20_000)
    }
    await vi.waitFor(() => expect([one.mail.actions.waiting, two.mail.actions.waiting]).toEqual([0, 0]))
    expect(of(one, 'e1').mailboxIds).toEqual({ inbox: true })
    expect([shown(one), shown(two)]).toEqual([
      ['e2', 'e1'],
      ['e2', 'e1']
    ])
  })
})
