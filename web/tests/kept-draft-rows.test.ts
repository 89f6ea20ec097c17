import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import '#lib/sync/kept-draft-rows.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KeptSearches } from '#lib/search/device/searches.ts'
import type { Email } from '#lib/jmap/types.ts'
import { Session } from '#lib/sync/session.ts'
import { SyncLoop } from '#lib/sync/sync-loop.ts'
import { INBOX } from '#lib/sync/lists.ts'
import type { ModelServer } from './model-server.ts'
import { opened, type Scene } from './scene.ts'
import { settled, World } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
})

function goOffline(server: ModelServer): void {
  const away = (): Response => Response.json({ code: 'mail_server_away' }, { status: 503 })
  server.interrupt = (path) => (path === '/jmap/' ? away() : null)
}

async function subjects({ mail, world }: Scene, mailbox = 'drafts'): Promise<(string | undefined)[]> {
  mail.show(mailbox)
  await settled()
  await world.pass(1_000)
  return Array.from({ length: mail.list?.total ?? 0 }, (_, index) => mail.list?.row(index)?.subject)
}

/** Its window is closed once the mail server has it. */
async function stored(scene: WritingScene, subject: string): Promise<void> {
  const draft = await begun(scene)
  draft.change({ subject })
  draft.close()
  await scene.world.pass(10_000)
}

test('off line the list of drafts has those that were stored since, whether it was shown before or not', async () => {
  const scene = await writing()
  await stored(scene, 'First')
  expect(draftsOn(scene)).toHaveLength(1)
  goOffline(scene.server)
  expect(await subjects(scene)).toEqual(['First'])

  scene.server.interrupt = () => null
  scene.mail.connection.tryNow()
  expect(await subjects(scene)).toEqual(['First'])
  await subjects(scene, 'inbox')
  await stored(scene, 'Second')
  goOffline(scene.server)
  expect(await subjects(scene)).toEqual(['Second', 'First'])
})

test('after a reload, too; once the mail server answers, its list counts', async () => {
  const scene = await writing()
  await stored(scene, 'First')
  await stored(scene, 'Second')
  scene.mail.stop()
  await settled()
  goOffline(scene.server)
  const next = await opened(scene.server)
  expect(await subjects(next)).toEqual(['Second', 'First'])
  for (const id of [...scene.server.emails.keys()].slice(0, 1)) scene.server.destroy(id)
  scene.server.interrupt = () => null
  next.mail.connection.tryNow()
  await next.world.pass(1_000)
  expect(await subjects(next)).toEqual(['Second'])
})

test('another list has only what the mail server listed', async () => {
  const scene = await writing()
  await stored(scene, 'First')
  goOffline(scene.server)
  const read = vi.spyOn(KeptSearches.prototype, 'emails')
  expect(await subjects(scene, 'trash')).toEqual([])
  expect(read).not.toHaveBeenCalled()
})

describe('opening the list of drafts', () => {
  const DRAFTS = { ...INBOX, mailboxId: 'drafts' }

  /** A page in which the inbox is shown, after another one showed the draft; `told`: what its views were shown. */
  async function reopened(
    email: Partial<Email> = {}
  ): Promise<{ loop: SyncLoop; server: ModelServer; told: unknown[][] }> {
    const scene = await writing()
    scene.server.deliver(email)
    await stored(scene, 'First')
    expect(await subjects(scene)).toEqual(['First'])
    scene.mail.stop()
    await settled()
    const { server } = scene
    const session = new Session(new World().ports(server.fetch))
    const loop = new SyncLoop(session)
    loop.show(INBOX)
    await settled()
    const told: unknown[][] = []
    session.on('list', () => {
      const { list } = session
      if (list?.query.mailboxId !== 'drafts') return
      told.push([...list.ids()].map((id) => session.objects.baseOf(id)?.subject))
    })
    return { loop, server, told }
  }

  test('adds nothing to the list that was shown before, and was not answered', async () => {
    const { loop, server } = await reopened({ mailboxIds: { inbox: true, trash: true } })
    server.interrupt = (path) => (path === '/jmap/' ? never() : null)
    loop.show({ ...INBOX, mailboxId: 'trash' })
    const before = loop.session.list
    loop.show(DRAFTS)
    await settled()
    expect([...(before?.ids() ?? [])]).toEqual([])
  })

  const never = (): Promise<null> => new Promise(() => undefined)

  function reading(work: () => Promise<unknown>): void {
    vi.spyOn(KeptSearches.prototype, 'emails').mockImplementation(async function* () {
      await work()
      yield []
    })
  }

  test('shows the rows that are kept while all that is kept is still read', async () => {
    const { loop, server, told } = await reopened()
    server.interrupt = (path) => (path === '/jmap/' ? never() : null)
    reading(never)
    loop.show(DRAFTS)
    await settled()
    expect(told.at(-1)).toEqual(['First'])
  })

  test('shows them when what is kept cannot be read', async () => {
    const { loop, server, told } = await reopened()
    server.interrupt = (path) => (path === '/jmap/' ? never() : null)
    reading(() => Promise.reject(new DOMException('The database connection is closing.', 'InvalidStateError')))
    loop.show(DRAFTS)
    await settled()
    expect(told.at(-1)).toEqual(['First'])
  })

  test('reads no more of what is kept once the mail server has listed it', async () => {
    const { loop } = await reopened()
    let parts = 0
    vi.spyOn(KeptSearches.prototype, 'emails').mockImplementation(async function* () {
      for (; parts < 1_000; parts += 1) {
        await new Promise((resolve) => setImmediate(resolve))
        yield []
      }
    })
    loop.show(DRAFTS)
    await vi.waitFor(() => expect(loop.session.list?.list.queryState).toEqual(expect.any(String)))
    const read = parts
    await settled()
    expect(parts - read).toBeLessThanOrEqual(2)
    expect(parts).toBeLessThan(1_000)
  })

  test('tells nothing once more if nothing was found', async () => {
    const { loop, server, told } = await reopened()
    server.interrupt = (path) => (path === '/jmap/' ? never() : null)
    let finish = (): void => undefined
    reading(() => new Promise<void>((resolve) => (finish = resolve)))
    loop.show(DRAFTS)
    await settled()
    const { length } = told
    finish()
    await settled()
    expect(told).toHaveLength(length)
  })
})
