import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Arguments, Invocation } from '#lib/jmap/types.ts'
import type { Composition } from '#lib/writing/state/compose.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

async function clocked(skew = 0): Promise<WritingScene> {
  const scene = await writing()
  scene.server.now = () => scene.world.time - skew
  scene.server.sending.clock = () => scene.world.time - skew
  return scene
}

/** It is sent, without a subject, and time passes. */
async function sent(scene: WritingScene, draft: Composition): Promise<void> {
  await draft.send({ anyway: true })
  await scene.world.pass(120_000)
}

function left({ server }: WritingScene): number {
  server.sending.run()
  return server.sending.delivered.length
}

/** Why messages are open again. */
function reasons({ compose }: WritingScene): unknown[] {
  return compose.open.map(({ status, trouble }) => [status, trouble?.code])
}

/** Names of the files of the stored drafts. */
function filesOn({ server }: WritingScene): (string | null)[] {
  const drafts = [...server.emails.values()].filter(({ keywords }) => keywords['$draft'])
  return drafts.flatMap(({ attachments }) => (attachments ?? []).map(({ name }) => name))
}

/** A draft with a file that is on its way. */
async function attached(): Promise<WritingScene & { draft: Composition }> {
  const scene = await clocked()
  scene.server.blobs.held = []
  const draft = await begun(scene)
  draft.attach([new File(['x'], 'plan.pdf')])
  await settled()
  return { ...scene, draft }
}

function letThrough({ server }: WritingScene): void {
  const { held } = server.blobs
  server.blobs.held = null
  held?.forEach(({ finish }) => finish())
}

describe('a window that is closed while a file is uploaded', () => {
  test('does not lose the file: the stored draft has it in the end', async () => {
    const scene = await attached()
    scene.draft.close()
    await scene.world.pass(15_000)
    expect([draftsOn(scene), scene.compose.unsentDrafts.map(({ state }) => state)]).toEqual([['Dear Ann'], ['device']])
    letThrough(scene)
    await scene.world.pass(60_000)
    expect([filesOn(scene), draftsOn(scene), scene.compose.unsent]).toEqual([['plan.pdf'], ['Dear Ann'], 0])
  })

  test('does not lose the file if the page is left, too: the next start uploads it', async () => {
    const scene = await attached()
    scene.draft.close()
    await scene.world.pass(5_000)
    scene.mail.stop()
    scene.server.blobs.held = null
    const next = await writing(scene.server)
    await next.world.pass(60_000)
    expect([filesOn(next), draftsOn(next), next.compose.unsent]).toEqual([['plan.pdf'], ['Dear Ann'], 0])
  })
})

test('files that went with a draft which another device removed are uploaded again when it is sent', async () => {
  const scene = await attached()
  letThrough(scene)
  await scene.world.pass(6_000)
  expect(filesOn(scene)).toEqual(['plan.pdf'])
  scene.server.blobs.expire()
  ;[...scene.server.emails.keys()].forEach((id) => scene.server.destroy(id))
  await sent(scene, scene.draft)
  expect([reasons(scene), left(scene)]).toEqual([[['writing', 'blobNotFound']], 0])
  const [again] = scene.compose.open
  await sent(scene, again ?? scene.draft)
  expect([left(scene), scene.server.list('sent').length, draftsOn(scene)]).toEqual([1, 1, []])
})

test('of two files of which one is gone, the other one stays, though this device does not have it', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  draft.attach([new File(['x'], 'old.pdf')])
  await scene.world.pass(6_000)
  draft.close()
  await scene.world.pass(2_000)
  const [id = ''] = [...scene.server.emails.keys()]
  const edited = await scene.compose.start({ kind: 'edit', emailId: id })
  edited.attach([new File(['x'], 'new.pdf')])
  await settled()
  scene.server.blobs.expire()
  await scene.world.pass(60_000)
  expect(filesOn(scene).toSorted()).toEqual(['new.pdf', 'old.pdf'])
})

test.each(['overQuota', 'tooLarge'])(
  'a version that the mail server refuses for %s leaves the one before',
  async (type) => {
    const scene = await clocked()
    const draft = await begun(scene)
    await scene.world.pass(5_000)
    scene.server.refusingToMake = type
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(20_000)
    expect([draftsOn(scene), draft.save.kind]).toEqual([['Dear Ann'], 'device'])
    await sent(scene, draft)
    expect([draftsOn(scene), reasons(scene)]).toEqual([['Dear Ann'], [['writing', type]]])
    scene.server.refusingToMake = null
    await sent(scene, scene.compose.open[0] ?? draft)
    expect([left(scene), draftsOn(scene), reasons(scene)]).toEqual([1, [], []])
  }
)

describe('a message that this device cannot keep is not sent, and that is told', () => {
  test('when another tab deleted its database, at a sign-out', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    await scene.world.pass(5_000)
    for (const { name = '' } of await indexedDB.databases()) {
      await new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve))
    }
    // Nobody can say who is signed in: whose words may be written is not known.
    scene.server.interrupt = (path) => (path === '/jmap/session' ? new Response('', { status: 503 }) : null)
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(5_000)
    await sent(scene, draft)
    expect([reasons(scene), left(scene), draftsOn(scene)]).toEqual([[['writing', 'not_kept']], 0, ['Dear Ann, hello']])
  })

  test('when the disk is full', async () => {
    const scene = await clocked()
    const draft = await begun(scene)
    await scene.world.pass(5_000)
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    draft.change({ text: 'Dear Ann, hello' })
    await sent(scene, draft)
    put.mockRestore()
    expect([reasons(scene), left(scene), draftsOn(scene)]).toEqual([[['writing', 'not_kept']], 0, ['Dear Ann, hello']])
    // There is room again.
    await sent(scene, scene.compose.open[0] ?? draft)
    expect([reasons(scene), left(scene), draftsOn(scene)]).toEqual([[], 1, []])
  })
})

test('a message that was not sent since this device keeps nothing is said to be unsaved, at any moment', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  await scene.world.pass(5_000)
  scene.server.interrupt = () => Response.error()
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  draft.change({ text: 'Dear Ann, hello' })
  await draft.send({ anyway: true })
  const seen = new Set<string | undefined>()
  for (let second = 0; second < 30; second += 1) {
    await scene.world.pass(1_000)
    const [again] = scene.compose.open
    if (again?.trouble) seen.add(again.save.kind)
  }
  put.mockRestore()
  expect([...seen]).toEqual(['failed'])
})

test('a message that is larger than a request may be is not sent, and that is told', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  const problem = { type: 'urn:ietf:params:jmap:error:limit', limit: 'maxSizeRequest', status: 400 }
  scene.server.interrupt = (_, body) => (body.includes('Email/set') ? Response.json(problem, { status: 400 }) : null)
  await sent(scene, draft)
  expect([reasons(scene), left(scene)]).toEqual([[['writing', 'tooLarge']], 0])
})

test('a message never leaves under another address than the one that was chosen: the person is told, and asked', async () => {
  const scene = await clocked()
  const draft = await begun(scene)
  draft.change({ identityId: 'i7' })
  await sent(scene, draft)
  expect([reasons(scene), left(scene)]).toEqual([[['writing', 'identity_gone']], 0])
  const [again] = scene.compose.open
  expect(again?.draft.identityId).toBeNull()
  await sent(scene, again ?? draft)
  expect(left(scene)).toBe(1)
})

test('what another device sent is not sent again, though the clock of this one is an hour fast', async () => {
  const skew = 3_600_000
  const scene = await clocked(skew)
  const draft = await begun(scene)
  draft.change({ subject: 'Boats' })
  await scene.world.pass(5_000)
  const [before] = [...scene.server.emails.values()]
  scene.server.destroy(before?.id ?? '')
  const receivedAt = new Date(scene.world.time - skew).toISOString()
  const mailboxIds = { sent: true }
  scene.server.deliver({ ...before, id: 'other', messageId: ['x@y'], keywords: {}, mailboxIds, receivedAt })
  await sent(scene, draft)
  expect([reasons(scene), left(scene)]).toEqual([[['writing', 'draft_sent']], 0])
})

test.each(['Email/set', 'EmailSubmission/set'])(
  'a response of %s without the id of what was made: one mail, and no draft',
  async (method) => {
    const scene = await clocked()
    const draft = await begun(scene)
    scene.server.interrupt = async (path, body) => {
      if (!body.includes(`"${method}"`)) return null
      scene.server.interrupt = () => null
      const told = (await scene.server.respond(path, body).json()) as { methodResponses: Invocation[] }
      const methodResponses = told.methodResponses.map(([name, args, id]) => {
        const created = Object.keys((args['created'] ?? {}) as Arguments).map((key) => [key, {}])
        return [name, name === method ? { ...args, created: Object.fromEntries(created) as Arguments } : args, id]
      })
      return Response.json({ ...told, methodResponses })
    }
    await scene.world.pass(20_000)
    await sent(scene, draft)
    expect([reasons(scene), left(scene), draftsOn(scene), scene.server.list('sent').length]).toEqual([[], 1, [], 1])
  }
)

describe('a mailbox that another program removed', () => {
  test.each(['drafts', 'sent'])('%s: is made again, and the message leaves', async (role) => {
    const scene = await clocked()
    const draft = await begun(scene)
    await scene.world.pass(1_000)
    scene.server.removeMailbox(role)
    await sent(scene, draft)
    expect([reasons(scene), left(scene), draftsOn(scene)]).toEqual([[], 1, []])
  })
})

describe('among many drafts, whose list is sorted late, a lost response', () => {
  async function crowded(): Promise<WritingScene & { draft: Composition }> {
    const scene = await clocked()
    for (let count = 1; count <= 40; count += 1) {
      const receivedAt = new Date(scene.world.time - count * 60_000).toISOString()
      scene.server.deliver({ mailboxIds: { drafts: true }, keywords: { $draft: true }, receivedAt, subject: 'Other' })
    }
    const draft = await begun(scene)
    draft.change({ subject: 'Boats' })
    await scene.world.pass(5_000)
    scene.server.interrupt = async (path, body) => {
      if (!body.includes('Email/set')) return null
      scene.server.interrupt = () => null
      const before = new Set(scene.server.emails.keys())
      await scene.server.respond(path, body).text()
      const made = [...scene.server.emails.keys()].filter((id) => !before.has(id))
      made.forEach((id) => scene.server.unsorted.add(id))
      throw new TypeError('lost')
    }
    return { ...scene, draft }
  }

  function ours({ server }: WritingScene): number {
    return [...server.emails.values()].filter(({ subject, keywords }) => keywords['$draft'] && subject === 'Boats')
      .length
  }

  test('leaves one version', async () => {
    const scene = await crowded()
    scene.draft.change({ text: 'More' })
    await scene.world.pass(30_000)
    expect([ours(scene), scene.draft.conflict]).toEqual([1, null])
  })

  test('of the message that is sent leaves one mail, and no draft', async () => {
    const scene = await crowded()
    await sent(scene, scene.draft)
    expect([ours(scene), left(scene), reasons(scene)]).toEqual([0, 1, []])
  })
})

test('sent, undone, changed, sent, undone, sent within seconds: one mail', async () => {
  const scene = await clocked()
  let draft = await begun(scene)
  for (const pause of [500, 50]) {
    await draft.send({ anyway: true })
    await scene.world.pass(pause)
    const undoing = scene.compose.outgoing[0]?.undo()
    await scene.world.pass(3_000)
    draft = (await undoing) ?? draft
    draft.change({ text: `Dear Ann, after ${pause}` })
  }
  await sent(scene, draft)
  expect([
    left(scene),
    draftsOn(scene),
    scene.server.list('sent').length,
    reasons(scene),
    scene.compose.unsent
  ]).toEqual([1, [], 1, [], 0])
  expect(scene.world.mistakes).toEqual([])
})
