import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { filled, of, offline, online, sets, tab } from './outbox-scene.ts'
import { deliver, hint, shown } from './scene.ts'

const HOUR = 3_600_000

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

  test('stays there when the person undoes what they did', async () => {
    const scene = await filled(2)
    const applied = scene.mail.actions.run({ kind: 'delete' }, ['t1', 't2'])
    await scene.world.pass(60_000)
    scene.server.update('e1', { mailboxIds: { sent: true } })
    await hint(scene)
    applied?.undo()
    await scene.world.pass(1_000)
    expect(['e1', 'e2'].map((id) => of(scene, id).mailboxIds)).toEqual([{ sent: true }, { inbox: true }])
    expect(scene.mail.actions.refused).toMatchObject({ kind: 'conflict', conversations: 1 })
  })

  test.each([-1, 1])('stays there though the clock of this device was changed by %i hours', async (hours) => {
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

describe('an applied action', () => {
  test('that is undone twice is undone once', async () => {
    const scene = await filled(1)
    const applied = scene.mail.actions.run({ kind: 'delete' }, ['t1'])
    applied?.undo()
    scene.mail.actions.run({ kind: 'archive' }, ['t1'])
    applied?.undo()
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
    expect(scene.mail.actions.refused).toMatchObject({ kind: 'refused', conversations: 2, trouble: { code: 'gone' } })
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
    expect(scene.mail.mailboxes.byRole('archive')).toMatchObject({ name: 'The archive 2', messages: 1 })
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

  test('that is stopped says how much is done in the end, and all of it can be undone at once', async () => {
    const scene = await filled(700)
    const { mail, server, world } = scene
    const said: unknown[] = []
    server.interrupt = (_, body) => {
      if (body.includes('Email/set') && said.length === 0) {
        mail.actions.bulk?.stop()
        said.push(mail.actions.bulk?.state, mail.actions.bulk?.done)
        mail.actions.bulk?.undo?.()
      }
      return null
    }
    mail.actions.runOnAll({ kind: 'delete' })
    await world.pass(5_000)
    expect(said).toEqual(['stopped', 500])
    expect([server.list('trash'), server.list('inbox').length]).toEqual([[], 700])
  })

  test('is undone once', async () => {
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
