import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Email } from '#lib/jmap/types.ts'
import { KeptOutbox } from '#lib/cache/outbox.ts'
import { ModelServer } from './model-server.ts'
import { deliver, hint, opened, shown, type Scene } from './scene.ts'

const TABS = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }
const HOUR = 3_600_000
const open: Scene[] = []

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  open.splice(0).forEach(({ mail }) => mail.stop())
  vi.restoreAllMocks()
})

async function tab(server: ModelServer, mailbox: string | null = null): Promise<Scene> {
  const scene = await opened(server, mailbox, TABS)
  open.push(scene)
  return scene
}

async function filled(count: number): Promise<Scene> {
  const server = new ModelServer()
  deliver(server, count)
  return tab(server)
}

function offline(server: ModelServer): void {
  server.interrupt = () => {
    throw new TypeError('offline')
  }
}

function online({ server, mail }: Scene): void {
  server.interrupt = () => null
  mail.connection.tryNow()
}

function of({ server }: Scene, id: string): Pick<Email, 'mailboxIds' | 'keywords'> {
  const { mailboxIds = {}, keywords = {} } = server.emails.get(id) ?? {}
  return { mailboxIds, keywords }
}

function sets({ server }: Scene, name = 'Email/set'): number {
  return server.requests.flat().filter((method) => method === name).length
}

describe('what another device moved meanwhile', () => {
  test('keeps the keywords that the person set here', async () => {
    const scene = await filled(1)
    offline(scene.server)
    scene.mail.actions.run({ kind: 'star', on: true }, ['t1'])
    scene.mail.actions.run({ kind: 'delete' }, ['t1'])
    await scene.world.pass(HOUR)
    scene.server.update('e1', { mailboxIds: { sent: true } })
    online(scene)
    await scene.world.pass(1_000)
    expect(of(scene, 'e1')).toEqual({ mailboxIds: { sent: true }, keywords: { $flagged: true } })
    expect(scene.mail.actions.refused).toMatchObject({ kind: 'conflict', conversations: 1 })
  })

  test('is not learned to be spam', async () => {
    const scene = await filled(1)
    offline(scene.server)
    scene.mail.actions.run({ kind: 'spam', on: true }, ['t1'])
    await scene.world.pass(HOUR)
    scene.server.update('e1', { mailboxIds: { sent: true } })
    online(scene)
    await scene.world.pass(1_000)
    expect(of(scene, 'e1')).toEqual({ mailboxIds: { sent: true }, keywords: {} })
  })

  test('is not destroyed', async () => {
    const server = new ModelServer()
    server.deliver({ mailboxIds: { trash: true } })
    server.deliver({ mailboxIds: { trash: true } })
    const scene = await tab(server, 'trash')
    offline(server)
    scene.mail.actions.run({ kind: 'destroy' }, ['t1', 't2'])
    await scene.world.pass(HOUR)
    server.update('e1', { mailboxIds: { inbox: true } })
    online(scene)
    await scene.world.pass(1_000)
    expect([...server.emails.keys()]).toEqual(['e1'])
    expect(scene.mail.actions.refused).toMatchObject({ kind: 'conflict', conversations: 1 })
  })

  test('stays there when the person takes back what they did', async () => {
    const scene = await filled(2)
    const deed = scene.mail.actions.run({ kind: 'delete' }, ['t1', 't2'])
    await scene.world.pass(60_000)
    scene.server.update('e1', { mailboxIds: { sent: true } })
    await hint(scene)
    deed?.undo()
    await scene.world.pass(1_000)
    expect(['e1', 'e2'].map((id) => of(scene, id).mailboxIds)).toEqual([{ sent: true }, { inbox: true }])
    expect(scene.mail.actions.refused).toMatchObject({ kind: 'conflict', conversations: 1 })
  })

  test.each([-24, 24])('stays there though the clock of this device was changed by %i hours', async (hours) => {
    const scene = await filled(1)
    offline(scene.server)
    scene.mail.actions.run({ kind: 'delete' }, ['t1'])
    scene.world.time += hours * HOUR
    scene.server.update('e1', { mailboxIds: { sent: true } })
    online(scene)
    await scene.world.pass(1_000)
    expect(of(scene, 'e1').mailboxIds).toEqual({ sent: true })
  })
})

describe('a deed', () => {
  test('that is taken back twice is taken back once', async () => {
    const scene = await filled(1)
    const deed = scene.mail.actions.run({ kind: 'delete' }, ['t1'])
    deed?.undo()
    scene.mail.actions.run({ kind: 'archive' }, ['t1'])
    deed?.undo()
    await scene.world.pass(1_000)
    expect(of(scene, 'e1').mailboxIds).not.toHaveProperty('inbox')
  })
})

describe('of a set that is refused in part', () => {
  test('the actions that are not are done', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    server.addMailbox({ id: 'work' })
    const scene = await tab(server)
    scene.mail.actions.run({ kind: 'star', on: true }, ['t1'])
    scene.mail.actions.run({ kind: 'move', mailboxId: 'work' }, ['t1', 't2'])
    server.removeMailbox('work')
    await scene.world.pass(1_000)
    expect(of(scene, 'e1')).toEqual({ mailboxIds: { inbox: true }, keywords: { $flagged: true } })
    expect([shown(scene), scene.mail.list?.row(1)?.starred]).toEqual([['e2', 'e1'], true])
    expect(scene.mail.actions.refused).toMatchObject({ kind: 'refused', conversations: 2 })
    expect(scene.mail.actions.waiting).toBe(0)
  })

  test('one that the server refuses whole costs the others nothing', async () => {
    const scene = await filled(5)
    scene.server.interrupt = (_, body) =>
      body.includes('Email/set') && body.includes('e3')
        ? Response.json({ type: 'urn:ietf:params:jmap:error:notRequest', status: 400 }, { status: 400 })
        : null
    scene.mail.actions.run({ kind: 'delete' }, ['t1'])
    scene.mail.actions.run({ kind: 'delete' }, ['t3'])
    scene.mail.actions.run({ kind: 'delete' }, ['t5'])
    await scene.world.pass(1_000)
    expect(scene.server.list('inbox')).toEqual(['e4', 'e3', 'e2'])
    expect(shown(scene)).toEqual(['e4', 'e3', 'e2'])
    expect([scene.mail.actions.refused?.conversations, scene.mail.actions.waiting]).toEqual([1, 0])
  })

  test('what something between refuses without being the mail server is tried again', async () => {
    const scene = await filled(1)
    scene.server.interrupt = () => new Response('<h1>Please accept our terms</h1>', { status: 403 })
    scene.mail.actions.run({ kind: 'delete' }, ['t1'])
    await scene.world.pass(10_000)
    online(scene)
    await scene.world.pass(10_000)
    expect([of(scene, 'e1').mailboxIds, scene.mail.actions.waiting]).toEqual([{ trash: true }, 0])
  })
})

describe('a mailbox that is made on first use', () => {
  test('and that another program makes in the same moment is used', async () => {
    const scene = await filled(1)
    scene.server.interrupt = (path, body) => {
      if (body.includes('Mailbox/set')) {
        scene.server.interrupt = () => null
        scene.server.addMailbox({ id: 'theirs', name: 'The archive', role: 'archive' })
        return scene.server.respond(path, body)
      }
      return null
    }
    scene.mail.actions.run({ kind: 'archive' }, ['t1'])
    await scene.world.pass(1_000)
    expect(of(scene, 'e1').mailboxIds).toEqual({ theirs: true })
    expect(scene.mail.actions.refused).toBeNull()
  })

  test('takes another name where a mailbox of another role has it', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    server.addMailbox({ id: 'theirs', name: 'The archive', role: 'important' })
    const scene = await tab(server)
    scene.mail.actions.run({ kind: 'archive' }, ['t1'])
    await scene.world.pass(1_000)
    expect(scene.mail.mailboxes.byRole('archive')).toMatchObject({ name: 'The archive 2', total: 1 })
  })

  test('and that the server refuses is told, and nothing waits', async () => {
    const scene = await filled(1)
    scene.server.interrupt = (_, body) =>
      body.includes('Mailbox/set')
        ? Response.json({
            methodResponses: [['Mailbox/set', { notCreated: { new: { type: 'forbidden' } } }, '0']],
            sessionState: 's'
          })
        : null
    scene.mail.actions.run({ kind: 'archive' }, ['t1'])
    await scene.world.pass(10_000)
    expect([shown(scene), scene.mail.actions.waiting]).toEqual([['e1'], 0])
    expect(scene.mail.actions.refused?.trouble.code).toBe('forbidden')
  })
})

describe('limits of a server', () => {
  test('that takes few at once is asked several times', async () => {
    const server = new ModelServer()
    deliver(server, 25)
    server.limits = { ...server.limits, maxObjectsInSet: 10, maxObjectsInGet: 60 }
    const scene = await tab(server)
    server.limits = { ...server.limits, maxObjectsInGet: 3 }
    offline(server)
    const threads = Array.from({ length: 25 }, (_, at) => `t${at + 1}`)
    scene.mail.actions.run({ kind: 'delete' }, threads)
    await scene.world.pass(HOUR)
    server.limits = { ...server.limits, maxObjectsInGet: 60 }
    online(scene)
    await scene.world.pass(10_000)
    expect([server.list('trash').length, scene.mail.actions.waiting]).toEqual([25, 0])
    expect(sets(scene)).toBe(3)
  })
})

describe('keywords and mailboxes', () => {
  test('with / and ~ in their names are set as they are', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    server.addMailbox({ id: 'a/b~c' })
    const scene = await tab(server)
    scene.mail.actions.run({ kind: 'label', keyword: 'x/y~1', on: true }, ['t1'])
    scene.mail.actions.run({ kind: 'move', mailboxId: 'a/b~c' }, ['t1'])
    await scene.world.pass(1_000)
    expect(of(scene, 'e1')).toEqual({ mailboxIds: { 'a/b~c': true }, keywords: { 'x/y~1': true } })
  })

  test('are the same in upper case (RFC 8621 §4.1.1)', async () => {
    const server = new ModelServer()
    server.deliver({ keywords: { work: true } })
    const scene = await tab(server)
    expect(scene.mail.actions.run({ kind: 'label', keyword: 'Work', on: true }, ['t1'])).toBeNull()
    scene.mail.actions.run({ kind: 'label', keyword: 'Work', on: false }, ['t1'])
    await scene.world.pass(1_000)
    expect(of(scene, 'e1').keywords).toEqual({})
  })
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

describe('all that match', () => {
  test('does not move once more what the person moved a moment before', async () => {
    const scene = await filled(3)
    scene.mail.actions.run({ kind: 'delete' }, ['t2'])
    scene.mail.actions.runOnAll({ kind: 'archive' })
    await scene.world.pass(5_000)
    expect(of(scene, 'e2').mailboxIds).toEqual({ trash: true })
    expect(scene.server.list('inbox')).toEqual([])
  })

  test('is one at a time', async () => {
    const scene = await filled(3)
    scene.mail.actions.runOnAll({ kind: 'archive' })
    scene.mail.actions.runOnAll({ kind: 'delete' })
    await scene.world.pass(5_000)
    expect(scene.server.list('trash')).toEqual([])
  })

  test('is taken back once', async () => {
    const scene = await filled(3)
    scene.mail.actions.runOnAll({ kind: 'delete' })
    await scene.world.pass(5_000)
    const undo = scene.mail.actions.bulk?.undo
    undo?.()
    await scene.world.pass(5_000)
    scene.mail.actions.run({ kind: 'archive' }, ['t1'])
    await scene.world.pass(5_000)
    undo?.()
    await scene.world.pass(5_000)
    expect(of(scene, 'e1').mailboxIds).not.toHaveProperty('inbox')
  })
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

describe('a list', () => {
  test('that was held when another one was shown is not held when it is shown again', async () => {
    const scene = await filled(3)
    scene.mail.list?.hold(true)
    scene.mail.show('trash')
    await scene.world.pass(100)
    scene.server.destroy('e2')
    scene.mail.show(null)
    await scene.world.pass(100)
    expect(shown(scene)).toEqual(['e3', 'e1'])
  })

  test('asks for the rows that come into sight when what was done above them is confirmed', async () => {
    const scene = await filled(1_000)
    const { mail, world, server } = scene
    mail.list?.want(0, 200)
    await world.pass(100)
    mail.list?.want(150, 300)
    await world.pass(100)
    offline(server)
    mail.actions.run(
      { kind: 'delete' },
      Array.from({ length: 200 }, (_, at) => `t${1_000 - at}`)
    )
    mail.list?.atTop(false)
    mail.list?.want(60, 100)
    await world.pass(100)
    online(scene)
    await world.pass(60_000)
    const rows = Array.from({ length: 40 }, (_, at) => mail.list?.row(60 + at)?.emailId)
    expect(rows).toEqual(server.list('inbox').slice(60, 100))
  })
})
