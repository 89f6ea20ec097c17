import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Email as Row, EmailBody } from '#lib/jmap/types.ts'
import type { OutgoingMessage } from '#lib/writing/state/compose.ts'
import { deliver, hint } from './scene.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

async function clocked(): Promise<WritingScene> {
  const scene = await writing()
  scene.server.now = () => scene.world.time
  scene.server.sending.clock = () => scene.world.time
  return scene
}

describe('a message that is sent', () => {
  test('leaves, once: its window is closed, it lies in Sent, and it is no draft any more', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    await scene.world.pass(4_000)
    expect(await draft.send()).toMatchObject({ kind: 'no_subject' })
    expect(await draft.send({ anyway: true })).toBeNull()
    expect(scene.compose.open).toEqual([])
    await scene.world.pass(60_000)
    expect(scene.server.sending.delivered.map(({ rcptTo }) => rcptTo)).toEqual([['ann@example.net']])
    expect([draftsOn(scene), scene.compose.unsent, scene.compose.outcome?.kind]).toEqual([[], 0, 'sent'])
    expect(scene.server.list('sent')).toHaveLength(1)
    expect(scene.world.mistakes).toEqual([])
  })

  test('leaves the list of drafts at once, also while the pointer is there, and is there again when it is undone', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    scene.mail.show('drafts')
    await scene.world.pass(4_000)
    scene.mail.list?.hold(true)
    expect(scene.mail.list?.total).toBe(1)
    await draft.send({ anyway: true })
    await scene.world.pass(2_000)
    expect(scene.mail.list?.total).toBe(0)
    const [outgoing] = scene.compose.outgoing as [OutgoingMessage]
    const undoing = outgoing.undo()
    await scene.world.pass(5_000)
    await undoing
    expect(scene.mail.list?.total).toBe(1)
  })

  test('moves nothing in the inbox while the pointer is there: what came waits', async () => {
    const scene = await clocked()
    deliver(scene.server, 1)
    await hint(scene)
    const draft = await begun(scene)
    scene.mail.list?.hold(true)
    deliver(scene.server, 1)
    await draft.send({ anyway: true })
    await scene.world.pass(15_000)
    expect(scene.server.list('sent')).toHaveLength(1)
    expect([scene.mail.list?.total, scene.mail.list?.arrived]).toEqual([1, 1])
  })

  test('is open again when it is undone, and nothing left', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    await draft.send({ anyway: true })
    await scene.world.pass(2_000)
    const [outgoing] = scene.compose.outgoing as [OutgoingMessage]
    const undoing = outgoing.undo()
    await scene.world.pass(5_000)
    expect((await undoing)?.draft.text).toBe('Dear Ann')
    await scene.world.pass(60_000)
    expect([scene.server.sending.delivered, draftsOn(scene), scene.compose.open.length]).toEqual([[], ['Dear Ann'], 1])
  })

  test('is not sent by a submission that arrives after it was undone: the email that it names is gone', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    let late = ''
    scene.server.interrupt = (_, body) => {
      if (late !== '' || !body.includes('"EmailSubmission/set"')) return null
      late = body
      throw new TypeError('lost')
    }
    await draft.send({ anyway: true })
    await scene.world.pass(2_000)
    const [outgoing] = scene.compose.outgoing as [OutgoingMessage]
    const undone = expect(outgoing.undo()).rejects.toMatchObject({ code: 'outcome_unknown' })
    await scene.world.pass(60_000)
    await undone
    const kept = outgoing.undo()
    await scene.world.pass(60_000)
    await kept
    scene.server.respond('/jmap/', late)
    await scene.world.pass(60_000)
    expect([scene.server.sending.delivered, draftsOn(scene), scene.compose.open.length]).toEqual([[], ['Dear Ann'], 1])
  })

  test('that the mail server refuses is open again, and says why', async () => {
    const scene = await clocked()
    scene.server.sending.refusing = { type: 'forbiddenFrom' }
    const draft = await begun(scene)
    await draft.send({ anyway: true })
    await scene.world.pass(60_000)
    const [again] = scene.compose.open
    expect([again?.draft.text, again?.trouble?.code, scene.compose.outcome?.kind]).toEqual([
      'Dear Ann',
      'forbiddenFrom',
      'not_sent'
    ])
  })

  test('that was refused says so in the list of what is unsent once its window is closed, until it is changed', async () => {
    const scene = await clocked()
    scene.server.sending.refusing = { type: 'forbiddenFrom' }
    const draft = await begun(scene)
    await draft.send({ anyway: true })
    await scene.world.pass(60_000)
    scene.compose.open[0]?.close()
    await scene.world.pass(20_000)
    expect(scene.compose.unsentDrafts.map(({ state }) => state)).toEqual(['not_sent'])
    const again = await scene.compose.start({ kind: 'kept', id: scene.compose.unsentDrafts[0]?.id ?? '' })
    again.change({ text: 'Dear Ann, hello' })
    again.close()
    await scene.world.pass(20_000)
    expect([scene.compose.unsentDrafts, draftsOn(scene)]).toEqual([[], ['Dear Ann, hello']])
  })

  test('goes by itself once the connection is back, also after a reload', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    scene.server.interrupt = () => {
      throw new TypeError('offline')
    }
    await draft.send({ anyway: true })
    await scene.world.pass(30_000)
    expect(scene.compose.unsentDrafts.map(({ state }) => state)).toEqual(['waiting'])
    scene.mail.stop()
    scene.server.interrupt = () => null
    const next = await writing(scene.server)
    next.world.time = scene.world.time
    scene.server.sending.clock = () => next.world.time
    scene.server.now = () => next.world.time
    await next.world.pass(90_000)
    expect(scene.server.sending.delivered).toHaveLength(1)
    expect(next.compose.open).toEqual([])
  })
})

test('Send that is pressed twice sends once', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await Promise.all([draft.send({ anyway: true }), draft.send({ anyway: true })])
  await draft.send({ anyway: true })
  await scene.world.pass(60_000)
  expect([scene.server.sending.delivered.length, scene.server.emails.size]).toEqual([1, 1])
})

test('a message that has left does not close the window of another one', async () => {
  const scene = await clocked()
  const first = await begun(scene)
  const second = await begun(scene, 'And another thing')
  await first.send({ anyway: true })
  await scene.world.pass(60_000)
  expect(scene.compose.outcome?.kind).toBe('sent')
  expect(scene.compose.open).toEqual([second])
})

test('what was not sent says why until the person has read enough, also when it is changed', async () => {
  const scene = await clocked()
  scene.server.sending.refusing = { type: 'forbiddenFrom' }
  await (await begun(scene)).send({ anyway: true })
  await scene.world.pass(60_000)
  const [draft] = scene.compose.open
  expect(draft?.trouble?.code).toBe('forbiddenFrom')
  draft?.change({ text: 'Dear Ann, once more' })
  await settled()
  expect(draft?.trouble?.code).toBe('forbiddenFrom')
  draft?.dismiss()
  await settled()
  expect([draft?.trouble, draft?.draft.text]).toEqual([null, 'Dear Ann, once more'])
})

test('a message that names nobody, or what is no address, is not sent', async () => {
  const scene = await clocked()
  const draft = await scene.compose.start({ kind: 'new' })
  draft.change({ subject: 'Boats' })
  expect(await draft.send()).toEqual({ kind: 'nobody' })
  draft.change({ to: [{ name: '', address: 'ann' }] })
  expect(await draft.send()).toMatchObject({ kind: 'not_addresses' })
  await settled()
})

test('a message that leaves later is dated at that time, and keeps its file when it is undone', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  draft.attach([new File(['plan'], 'plan.pdf', { type: 'application/pdf' })])
  await scene.world.pass(5_000)
  const at = new Date(scene.world.time + 3_600_000)
  await draft.send({ at, anyway: true })
  await scene.world.pass(10_000)
  const [sent] = [...scene.server.emails.values()]
  expect(Date.parse(sent?.sentAt ?? '')).toBe(at.getTime())
  const [outgoing] = scene.compose.outgoing as [OutgoingMessage]
  const undoing = outgoing.undo()
  await scene.world.pass(5_000)
  const back = await undoing
  scene.server.blobs.expire()
  back?.change({ text: 'Dear Ann, hello' })
  await scene.world.pass(5_000)
  const drafts = [...scene.server.emails.values()] as (Row & Partial<EmailBody>)[]
  expect(drafts.map(({ attachments }) => attachments?.map(({ name }) => name))).toEqual([['plan.pdf']])
  expect(draftsOn(scene)).toEqual(['Dear Ann, hello'])
})

test.each([
  ['reply', '$answered'],
  ['forward', '$forwarded']
] as const)('a %s marks its parent as %s', async (kind, keyword) => {
  const scene = await clocked()
  scene.server.deliver({ subject: 'Boats' })
  scene.mail.connection.tryNow()
  await settled()
  scene.mail.reader.open('t1')
  await settled()
  const [message] = scene.mail.reader.conversation?.messages ?? []
  if (!message) throw new Error('there is no message')
  const draft = await scene.compose.start({ kind, message })
  draft.change({ format: 'plain', html: '', text: 'Yes', to: [{ name: '', address: 'ann@example.net' }] })
  expect(await draft.send({ anyway: true })).toBeNull()
  await scene.world.pass(60_000)
  const { $answered, $forwarded } = scene.server.emails.get('e1')?.keywords ?? {}
  expect({ $answered, $forwarded }).toEqual({ $answered: undefined, $forwarded: undefined, [keyword]: true })
})

test('a reply begins with the sender and the subject, and marks what it replies to as answered', async () => {
  const scene = await clocked()
  scene.server.deliver({ subject: 'Boats' })
  scene.mail.connection.tryNow()
  await settled()
  scene.mail.reader.open('t1')
  await settled()
  const [message] = scene.mail.reader.conversation?.messages ?? []
  if (!message) throw new Error('there is no message')
  const draft = await scene.compose.start({ kind: 'reply', message })
  expect([draft.draft.to, draft.draft.subject]).toEqual([[{ name: 'Ann', address: 'ann@example.net' }], 'Re: Boats'])
  draft.change({ format: 'plain', html: '', text: 'Yes' })
  expect(await draft.send()).toBeNull()
  await scene.world.pass(60_000)
  expect([scene.server.emails.get('e1')?.keywords['$answered'], scene.server.sending.delivered.length]).toEqual([
    true,
    1
  ])
})
