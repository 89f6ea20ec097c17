import 'fake-indexeddb/auto'
import { describe, expect, test, vi } from 'vitest'
import { ModelServer } from './model-server.ts'
import { kill, of, offline, sets, tab } from './outbox-scene.ts'
import { deliver, hint, shown } from './scene.ts'
import { settled } from './world.ts'

describe('an action', () => {
  test('is on the screen in the same turn, and what was done within 50 ms is one Email/set', async () => {
    const server = new ModelServer()
    deliver(server, 5)
    const { mail, world } = await tab(server)
    mail.actions.run({ kind: 'delete' }, ['t5'])
    mail.actions.run({ kind: 'star', on: true }, ['t4', 't3'])
    expect(shown({ mail, server, world })).toEqual(['e4', 'e3', 'e2', 'e1'])
    expect([mail.list?.row(0)?.starred, mail.list?.unread, mail.mailboxes.byRole('trash')?.count]).toEqual([true, 4, 1])
    expect(mail.actions.waiting).toBe(2)
    await world.pass(60)
    expect(sets({ server })).toBe(1)
    expect([of({ server }, 'e5').mailboxIds, of({ server }, 'e3').keywords]).toEqual([
      { trash: true },
      { $flagged: true }
    ])
    expect([mail.actions.waiting, mail.list?.row(0)?.pending]).toEqual([0, false])
  })

  test('that archives makes the archive on first use, once', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    const { mail, world } = await tab(server)
    mail.actions.run({ kind: 'archive' }, ['t1', 't2'])
    await world.pass(60)
    mail.actions.run({ kind: 'archive' }, ['t3'])
    await world.pass(60)
    const archive = mail.mailboxes.byRole('archive')
    expect(archive).toMatchObject({ name: 'The archive', messages: 3 })
    expect(server.requests.flat().filter((name) => name === 'Mailbox/set')).toHaveLength(1)
    expect(of({ server }, 'e3').mailboxIds).toEqual({ [archive?.id ?? '']: true })
  })

  test('on a conversation moves what lies in this mailbox, and leaves what was sent', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a' })
    server.deliver({ threadId: 'a', mailboxIds: { sent: true } })
    server.deliver({ threadId: 'a' })
    const { mail, world } = await tab(server)
    mail.actions.run({ kind: 'delete' }, ['a'])
    await world.pass(60)
    expect(['e1', 'e2', 'e3'].map((id) => of({ server }, id).mailboxIds)).toEqual([
      { trash: true },
      { sent: true },
      { trash: true }
    ])
  })

  test('that is refused brings the rows back where they were, says why, and can be tried again', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    const scene = await tab(server)
    const { mail, world } = scene
    server.refusing = 'forbidden'
    mail.actions.run({ kind: 'delete' }, ['t2', 't3'])
    await world.pass(60)
    expect(shown(scene)).toEqual(['e3', 'e2', 'e1'])
    expect(mail.actions.refused).toMatchObject({ kind: 'refused', conversations: 2, trouble: { code: 'forbidden' } })
    server.refusing = null
    mail.actions.again()
    await world.pass(60)
    expect(shown(scene)).toEqual(['e1'])
  })

  test('that changes nothing is none', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    const { mail } = await tab(server)
    expect(mail.actions.run({ kind: 'star', on: false }, ['t1'])).toBeNull()
    expect(mail.actions.waiting).toBe(0)
  })

  test('for good takes the row away, and the email', async () => {
    const server = new ModelServer()
    server.deliver({ mailboxIds: { trash: true } })
    const scene = await tab(server, 'trash')
    scene.mail.actions.run({ kind: 'destroy' }, ['t1'])
    expect(shown(scene)).toEqual([])
    await scene.world.pass(60)
    expect(server.emails.size).toBe(0)
  })
})

describe('undo', () => {
  test('before anything was sent: nothing is', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    const scene = await tab(server)
    const applied = scene.mail.actions.run({ kind: 'delete' }, ['t2'])
    applied?.undo()
    expect(shown(scene)).toEqual(['e3', 'e2', 'e1'])
    await scene.world.pass(60)
    expect(sets({ server })).toBe(0)
    expect(scene.mail.actions.waiting).toBe(0)
  })

  test('afterwards puts the row back at its place at once, with the keywords that it had', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    server.update('e2', { keywords: { $flagged: true, work: true } })
    const scene = await tab(server)
    const applied = scene.mail.actions.run({ kind: 'spam', on: true }, ['t2'])
    await scene.world.pass(1_000)
    expect(shown(scene)).toEqual(['e3', 'e1'])
    applied?.undo()
    expect(shown(scene)).toEqual(['e3', 'e2', 'e1'])
    await scene.world.pass(60)
    expect(of({ server }, 'e2')).toEqual({ mailboxIds: { inbox: true }, keywords: { $flagged: true, work: true } })
  })

  test('undoes only what this action did', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    server.update('e1', { keywords: { $seen: true } })
    const { mail, world } = await tab(server)
    const applied = mail.actions.run({ kind: 'read', on: true }, ['t1', 't2'])
    await world.pass(1_000)
    server.update('e2', { keywords: { $seen: true, $flagged: true } })
    applied?.undo()
    await world.pass(60)
    expect(['e1', 'e2'].map((id) => of({ server }, id).keywords)).toEqual([{ $seen: true }, { $flagged: true }])
  })
})

describe('without a network', () => {
  test('30 actions wait, survive a reload, and are sent in one request, once', async () => {
    const server = new ModelServer()
    deliver(server, 40)
    const first = await tab(server)
    offline(server)
    for (let number = 1; number <= 30; number += 1) {
      first.mail.actions.run({ kind: number % 2 ? 'delete' : 'archive' }, [`t${number}`])
      await first.world.pass(60_000)
    }
    expect([first.mail.list?.total, first.mail.actions.waiting]).toEqual([10, 30])
    kill(first)
    server.interrupt = () => null
    server.requests.length = 0
    const second = await tab(server)
    await second.world.pass(5_000)
    expect(sets({ server })).toBe(1)
    expect([second.mail.list?.total, second.mail.actions.waiting]).toEqual([10, 0])
    expect(of({ server }, 'e29').mailboxIds).toEqual({ trash: true })
  })

  test('what another device moved meanwhile stays there, and that is told', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    const { mail, world } = await tab(server)
    offline(server)
    mail.actions.run({ kind: 'delete' }, ['t1', 't2'])
    await world.pass(3_600_000)
    server.update('e1', { mailboxIds: { sent: true } })
    server.interrupt = () => null
    mail.connection.tryNow()
    await world.pass(1_000)
    expect(['e1', 'e2'].map((id) => of({ server }, id).mailboxIds)).toEqual([{ sent: true }, { trash: true }])
    expect(mail.actions.refused).toMatchObject({ kind: 'conflict', conversations: 1 })
  })
})

describe('a response that is lost', () => {
  /** The server does it, and nobody hears of it. */
  function losing(server: ModelServer, method: string): void {
    server.interrupt = (path, body) => {
      if (body.includes(method)) {
        server.interrupt = () => null
        server.respond(path, body)
        throw new TypeError('connection reset')
      }
      return null
    }
  }

  test('is not followed by a second Email/set: the emails are asked for', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const { mail, world } = await tab(server)
    losing(server, 'Email/set')
    mail.actions.run({ kind: 'delete' }, ['t1'])
    await world.pass(60_000)
    expect([sets({ server }), of({ server }, 'e1').mailboxIds, mail.actions.waiting]).toEqual([1, { trash: true }, 0])
  })

  test('does not repeat what somebody else has undone since', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const { mail, world } = await tab(server)
    losing(server, 'Email/set')
    mail.actions.run({ kind: 'archive' }, ['t1'])
    await world.pass(100)
    server.update('e1', { mailboxIds: { trash: true } })
    await world.pass(60_000)
    expect(of({ server }, 'e1').mailboxIds).toEqual({ trash: true })
  })

  test('does not make the archive twice', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    const { mail, world } = await tab(server)
    losing(server, 'Mailbox/set')
    mail.actions.run({ kind: 'archive' }, ['t1'])
    await world.pass(60_000)
    expect(mail.mailboxes.items.filter(({ role }) => role === 'archive')).toHaveLength(1)
    expect(server.mailboxes().filter(({ name }) => name === 'The archive')).toHaveLength(1)
  })
})

describe('two tabs', () => {
  test('show what the other did, before and after it is sent', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    const [one, two] = [await tab(server), await tab(server)]
    offline(server)
    const applied = one.mail.actions.run({ kind: 'delete' }, ['t2'])
    await vi.waitFor(() => expect(shown(two)).toEqual(['e3', 'e1']))
    applied?.undo()
    await vi.waitFor(() => expect(shown(two)).toEqual(['e3', 'e2', 'e1']))
    one.mail.actions.run({ kind: 'delete' }, ['t3'])
    server.interrupt = () => null
    await one.world.pass(60)
    await vi.waitFor(() => expect([shown(two), two.mail.actions.waiting]).toEqual([['e2', 'e1'], 0]))
  })

  test('send what a tab that was closed did not', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const [one, two] = [await tab(server), await tab(server)]
    one.mail.actions.run({ kind: 'delete' }, ['t1'])
    await vi.waitFor(() => expect(two.mail.actions.waiting).toBe(1))
    kill(one)
    await two.world.pass(1_100)
    await vi.waitFor(() => expect(of({ server }, 'e1').mailboxIds).toEqual({ trash: true }))
    expect(sets({ server })).toBe(1)
  })

  test('send each action once, in the order in which they were done', async () => {
    const server = new ModelServer()
    deliver(server, 20)
    const [one, two] = [await tab(server), await tab(server)]
    for (let number = 1; number <= 20; number += 1) {
      const { mail } = number % 2 ? one : two
      mail.actions.run({ kind: 'star', on: true }, [`t${number}`])
      await settled()
    }
    await Promise.all([one.world.pass(200), two.world.pass(200)])
    await vi.waitFor(() => expect(one.mail.actions.waiting + two.mail.actions.waiting).toBe(0))
    expect([...server.emails.values()].every(({ keywords }) => keywords['$flagged'])).toBe(true)
  })

  test('go on when the one that sends is frozen', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const [one, two] = [await tab(server), await tab(server)]
    const interrupt = server.interrupt
    // Its request never ends.
    server.interrupt = (_, body) => (body.includes('Email/set') ? new Promise<null>(() => undefined) : null)
    one.mail.actions.run({ kind: 'delete' }, ['t1'])
    await one.world.pass(60)
    await vi.waitFor(() => expect(two.mail.actions.waiting).toBe(1))
    server.interrupt = interrupt
    await two.world.pass(20_000)
    await vi.waitFor(() => expect(of({ server }, 'e1').mailboxIds).toEqual({ trash: true }))
    expect(two.mail.actions.waiting).toBe(0)
  })
})

describe('all that match', () => {
  test('are moved in parts with progress, and come back', async () => {
    const server = new ModelServer()
    deliver(server, 1_234)
    const { mail, world } = await tab(server)
    const progress: (number | null)[][] = []
    mail.actions.runOnAll({ kind: 'delete' })
    for (let turn = 0; turn < 60 && mail.actions.bulk?.state === 'running'; turn += 1) {
      await world.pass(60)
      progress.push([mail.actions.bulk.done, mail.actions.bulk.total])
    }
    expect(new Set(progress.map(([done]) => done))).toEqual(new Set([500, 1_000, 1_234]))
    expect([mail.list?.total, server.list('inbox').length]).toEqual([0, 0])
    mail.actions.bulk?.undo?.()
    await world.pass(3_000)
    expect([mail.list?.total, server.list('inbox').length]).toEqual([1_234, 1_234])
  })

  test('are left alone where the person stopped it', async () => {
    const server = new ModelServer()
    deliver(server, 1_234)
    const { mail, world } = await tab(server)
    mail.actions.runOnAll({ kind: 'delete' })
    await world.pass(60)
    mail.actions.bulk?.stop()
    await world.pass(5_000)
    // The part that was on its way is done.
    expect(mail.actions.bulk).toMatchObject({ state: 'stopped', done: 1_000 })
    expect(server.list('trash')).toHaveLength(1_000)
  })
})

describe('a list whose rows are held', () => {
  test('keeps the places of its rows, whatever others do, until it is let go', async () => {
    const server = new ModelServer()
    deliver(server, 5)
    const scene = await tab(server)
    expect(shown(scene)).toHaveLength(5)
    scene.mail.list?.hold(true)
    server.destroy('e4')
    server.update('e3', { mailboxIds: { trash: true } })
    server.deliver()
    await hint(scene)
    expect([scene.mail.list?.row(0)?.emailId, scene.mail.list?.row(2)?.emailId]).toEqual(['e5', 'e3'])
    expect(scene.mail.list?.row(1)?.subject).toBe('Mail 4')
    expect([scene.mail.list?.total, scene.mail.list?.arrived]).toEqual([5, 1])
    scene.mail.list?.hold(false)
    expect(shown(scene)).toEqual(['e6', 'e5', 'e2', 'e1'])
  })

  test('tells of what waits, also if it is more than is asked for at once', async () => {
    const server = new ModelServer()
    deliver(server, 5)
    const scene = await tab(server)
    scene.mail.list?.hold(true)
    deliver(server, 130)
    await hint(scene)
    expect([scene.mail.list?.row(0)?.emailId, scene.mail.list?.arrived]).toEqual(['e5', 130])
  })

  test.each([
    ['t80', false],
    ['t80', true],
    ['t79', true],
    ['t40', false]
  ])('that is scrolled tells of nothing new when %s comes back because the person wants it back', async (id, held) => {
    const server = new ModelServer()
    deliver(server, 80)
    const scene = await tab(server)
    const { list, actions } = scene.mail
    list?.atTop(false)
    list?.hold(held)
    const applied = actions.run({ kind: 'archive' }, [id])
    await scene.world.pass(1_000)
    await hint(scene)
    expect(list).toMatchObject({ arrived: 0, total: 79 })
    applied?.undo()
    for (const time of [0, 60, 1_000]) {
      await scene.world.pass(time)
      expect(list).toMatchObject({ arrived: 0, total: 80 })
    }
    server.deliver()
    await hint(scene)
    list?.hold(false)
    expect(list).toMatchObject({ arrived: 1, total: 80 })
  })

  test('shows at once what the person does themselves', async () => {
    const server = new ModelServer()
    deliver(server, 5)
    const scene = await tab(server)
    scene.mail.list?.hold(true)
    scene.mail.actions.run({ kind: 'delete' }, ['t5'])
    expect(shown(scene)).toEqual(['e4', 'e3', 'e2', 'e1'])
    await scene.world.pass(1_000)
    expect(shown(scene)).toEqual(['e4', 'e3', 'e2', 'e1'])
  })
})
