import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { settled } from './world.ts'
import { begun, draftsOn, textOf, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** A draft that the mail server has, and that is open. */
async function stored(): Promise<WritingScene & { draft: Awaited<ReturnType<typeof begun>> }> {
  const scene = await writing()
  scene.server.now = () => scene.world.time
  const draft = await begun(scene)
  draft.change({ subject: 'Boats' })
  await scene.world.pass(4_000)
  return { ...scene, draft }
}

/** The response to the next Email/set is lost, before or after it took effect. */
function losing(server: ModelServer, when: 'before' | 'after'): void {
  server.interrupt = async (path, body) => {
    if (!body.includes('Email/set')) return null
    server.interrupt = () => null
    if (when === 'after') await server.respond(path, body).text()
    throw new TypeError('lost')
  }
}

function ids({ server }: Pick<WritingScene, 'server'>): string[] {
  return [...server.emails.values()].filter(({ keywords }) => keywords['$draft']).map(({ id }) => id)
}

describe.each(['before', 'after'] as const)('a response that is lost %s the effect', (when) => {
  test('leaves one version, the last', async () => {
    const scene = await stored()
    losing(scene.server, when)
    scene.draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(20_000)
    expect([draftsOn(scene), scene.draft.save.kind, scene.draft.conflict]).toEqual([['Dear Ann, hello'], 'saved', null])
  })

  test('of the first version, and text that was typed meanwhile, leaves one version', async () => {
    const scene = await writing()
    losing(scene.server, when)
    const draft = await begun(scene)
    await scene.world.pass(3_100)
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(20_000)
    expect(draftsOn(scene)).toEqual(['Dear Ann, hello'])
  })

  test('and a tab that is gone at that moment leave one version at the next start', async () => {
    const scene = await stored()
    losing(scene.server, when)
    scene.draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(3_100)
    scene.mail.stop()
    const next = await writing(scene.server)
    await next.world.pass(20_000)
    expect([draftsOn(next), next.compose.open.map(({ conflict }) => conflict)]).toEqual([['Dear Ann, hello'], [null]])
  })
})

/** The request for the next version is lost on its way, and carried out after so many others that the mail server responds to. */
function late(server: ModelServer, others: number): void {
  server.interrupt = (path, body) => {
    if (!body.includes('Email/set')) return null
    let left = others
    server.interrupt = async (next, asked) => {
      if ((left -= 1) > 0) return null
      server.interrupt = () => null
      const response = server.respond(next, asked)
      await server.respond(path, body).text()
      return response
    }
    throw new TypeError('lost')
  }
}

const OTHERS = [1, 2, 3, 4, 5, 6, 7, 8]

describe.each(OTHERS)('a request that comes late, after %i others, leaves one version', (others) => {
  test('of a draft that is written on', async () => {
    const scene = await writing()
    late(scene.server, others)
    const draft = await begun(scene)
    await scene.world.pass(20_000)
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(20_000)
    expect([draftsOn(scene), draft.conflict]).toEqual([['Dear Ann, hello'], null])
  })

  test('of one that is sent meanwhile', async () => {
    const scene = await stored()
    late(scene.server, others)
    scene.draft.change({ text: 'Dear Ann, hello', to: [{ name: 'Ann', address: 'ann@example.net' }] })
    await scene.world.pass(3_500)
    await scene.draft.send()
    await scene.world.pass(30_000)
    expect([draftsOn(scene), scene.server.list('sent').length]).toEqual([[], 1])
  })
})

describe('another device', () => {
  test('that changed the draft: both versions are kept, and it is told', async () => {
    const scene = await stored()
    const [id = ''] = ids(scene)
    const before = scene.server.emails.get(id)
    scene.server.destroy(id)
    scene.server.deliver({
      ...before,
      id: 'other',
      messageId: ['other@phone'],
      receivedAt: new Date(scene.world.time).toISOString(),
      bodyValues: { text: { value: 'From the phone' } }
    } as never)
    scene.draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(5_000)
    expect([draftsOn(scene).toSorted(), scene.draft.conflict]).toEqual([
      ['Dear Ann, hello', 'From the phone'],
      'changed'
    ])
  })

  test('that sent the draft itself: the message that was sent stays, and it is told', async () => {
    const scene = await stored()
    const [id = ''] = ids(scene)
    scene.server.update(id, { keywords: { $seen: true }, mailboxIds: { sent: true } })
    scene.draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(5_000)
    expect([textOf(scene.server.emails.get(id) ?? {}), draftsOn(scene), scene.draft.conflict]).toEqual([
      'Dear Ann',
      ['Dear Ann, hello'],
      'sent'
    ])
  })

  test('that sent another version of the draft: it is told', async () => {
    const scene = await stored()
    const [id = ''] = ids(scene)
    const before = scene.server.emails.get(id)
    scene.server.destroy(id)
    scene.server.deliver({ ...before, id: 'sent', messageId: ['x@y'], keywords: {}, mailboxIds: { sent: true } })
    scene.draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(5_000)
    expect([draftsOn(scene), scene.draft.conflict]).toEqual([['Dear Ann, hello'], 'sent'])
  })

  test('that discarded the draft: what is written here stays', async () => {
    const scene = await stored()
    scene.server.destroy(ids(scene)[0] ?? '')
    scene.draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(5_000)
    expect([draftsOn(scene), scene.draft.conflict]).toEqual([['Dear Ann, hello'], null])
  })
})

describe('without the mail server', () => {
  test('a draft is kept on this device, and stored when the connection is back', async () => {
    const scene = await writing()
    scene.server.interrupt = () => {
      throw new TypeError('offline')
    }
    const draft = await begun(scene)
    await scene.world.pass(10_000)
    expect(draft.save).toEqual({ kind: 'device', trouble: null })
    draft.close()
    await scene.world.pass(20_000)
    expect([scene.compose.unsent, scene.compose.unsentDrafts.map(({ state }) => state)]).toEqual([1, ['device']])
    scene.server.interrupt = () => null
    scene.world.return()
    await scene.world.pass(1_000)
    expect([draftsOn(scene), scene.compose.unsent]).toEqual([['Dear Ann'], 0])
  })

  test('a server that takes no more asks for patience: it is tried again no sooner', async () => {
    const scene = await writing()
    scene.server.interrupt = (_, body) =>
      body.includes('Email/set')
        ? Response.json({ code: 'mail_server_busy' }, { status: 429, headers: { 'Retry-After': '60' } })
        : null
    await begun(scene)
    await scene.world.pass(10_000)
    scene.server.interrupt = () => null
    await scene.world.pass(40_000)
    expect(draftsOn(scene)).toEqual([])
    await scene.world.pass(30_000)
    expect(draftsOn(scene)).toEqual(['Dear Ann'])
  })

  test('a full mailbox is told, the draft stays on this device, and is stored once there is room', async () => {
    const scene = await writing()
    scene.server.refusingToMake = 'overQuota'
    const draft = await begun(scene)
    await scene.world.pass(10_000)
    expect(draft.save).toMatchObject({ kind: 'device', trouble: { code: 'overQuota' } })
    scene.server.refusingToMake = null
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(20_000)
    expect(draftsOn(scene)).toEqual(['Dear Ann, hello'])
  })

  test('a session that ended is no loss: it is stored after the next sign-in', async () => {
    const scene = await writing()
    scene.server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
    const draft = await begun(scene)
    await scene.world.pass(10_000)
    expect(draft.save).toMatchObject({ kind: 'device', trouble: { code: 'no_session' } })
    scene.server.interrupt = () => null
    scene.mail.stop()
    const next = await writing(scene.server)
    await next.world.pass(5_000)
    expect([next.compose.open.length, draftsOn(next)]).toEqual([1, ['Dear Ann']])
  })
})

test('a mailbox for drafts is made if there is none', async () => {
  const server = new ModelServer()
  server.removeMailbox('drafts')
  const scene = await writing(server)
  await begun(scene)
  await scene.world.pass(5_000)
  const made = server.mailboxes().find(({ role }) => role === 'drafts')
  expect([made?.name, draftsOn(scene)]).toEqual(['The drafts', ['Dear Ann']])
})

describe('a draft that is discarded', () => {
  test('stays at the mail server while that can be undone, and is destroyed then', async () => {
    const scene = await stored()
    scene.draft.discard()
    await scene.world.pass(8_000)
    expect([scene.compose.open, draftsOn(scene), scene.compose.unsent]).toEqual([[], ['Dear Ann'], 0])
    await scene.world.pass(4_000)
    expect(draftsOn(scene)).toEqual([])
  })

  test('is open again as it was if that is undone', async () => {
    const scene = await stored()
    const undo = scene.draft.discard()
    await scene.world.pass(5_000)
    undo()
    await scene.world.pass(20_000)
    expect([scene.compose.open.map(({ draft }) => draft.text), draftsOn(scene)]).toEqual([['Dear Ann'], ['Dear Ann']])
  })

  test('is written anew if that is undone when it is destroyed', async () => {
    const scene = await stored()
    const undo = scene.draft.discard()
    await scene.world.pass(15_000)
    expect(draftsOn(scene)).toEqual([])
    undo()
    await scene.world.pass(20_000)
    expect([scene.compose.open.map(({ draft }) => draft.text), draftsOn(scene)]).toEqual([['Dear Ann'], ['Dear Ann']])
  })

  test('is destroyed at the next start if the page is left', async () => {
    const scene = await stored()
    scene.draft.discard()
    await settled()
    scene.mail.stop()
    const next = await writing(scene.server)
    await next.world.pass(1_000)
    expect([next.compose.open, draftsOn(next)]).toEqual([[], []])
  })
})

test('a draft of the mail server that is edited is replaced by what was written', async () => {
  const scene = await stored()
  scene.draft.close()
  await scene.world.pass(1_000)
  const composition = await scene.compose.start({ kind: 'edit', emailId: ids(scene)[0] ?? '' })
  expect([composition.draft.subject, composition.save.kind]).toEqual(['Boats', 'saved'])
  composition.change({ text: `${composition.draft.text}, hello` })
  await scene.world.pass(4_000)
  expect(draftsOn(scene)).toEqual(['Dear Ann, hello'])
  composition.close()
  await scene.world.pass(1_000)
  expect(scene.compose.unsent).toBe(0)
})

test('a browser that keeps nothing: the mail server has it, and if nobody has it the person is told', async () => {
  Reflect.deleteProperty(globalThis, 'indexedDB')
  const scene = await writing()
  const draft = await begun(scene)
  await scene.world.pass(5_000)
  expect([draftsOn(scene), draft.save.kind]).toEqual([['Dear Ann'], 'saved'])
  scene.server.interrupt = () => {
    throw new TypeError('offline')
  }
  draft.change({ text: 'Dear Ann, hello' })
  await scene.world.pass(10_000)
  expect(draft.save).toMatchObject({ kind: 'failed', trouble: { code: 'unavailable' } })
})
