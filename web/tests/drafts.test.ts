import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened } from './scene.ts'
import { begun, draftsOn, writing } from './writing.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

describe('a draft', () => {
  test('is begun with the identities of a session that comes a moment later', async () => {
    const server = new ModelServer()
    server.identityId = 'me'
    const before = await opened(server)
    await before.world.pass(1_000)
    before.mail.stop()
    await settled()
    const session = Promise.withResolvers<null>()
    server.interrupt = (path) => (path === '/jmap/session' ? session.promise : Promise.resolve(null))
    const { mail } = await opened(server, null, {}, 'me')
    const compose = await mail.compose()
    const beginning = compose.start({ kind: 'new' })
    await settled()
    session.resolve(null)
    await beginning
    expect(compose.identities).toHaveLength(1)
  })

  test('is stored at the mail server after three seconds without a key, and not before', async () => {
    const scene = await writing()
    const draft = await begun(scene)
    await scene.world.pass(2_900)
    expect([draftsOn(scene), draft.save.kind]).toEqual([[], 'saving'])
    await scene.world.pass(200)
    expect([draftsOn(scene), draft.save.kind]).toEqual([['Dear Ann'], 'saved'])
    expect(scene.world.mistakes).toEqual([])
  })

  test('has one version at the mail server: each replaces the one before', async () => {
    const scene = await writing()
    const draft = await begun(scene)
    await scene.world.pass(4_000)
    draft.change({ text: 'Dear Ann, hello' })
    await scene.world.pass(4_000)
    expect(draftsOn(scene)).toEqual(['Dear Ann, hello'])
  })

  test('is open again after a reload while nobody can be reached, with what was typed last', async () => {
    const scene = await writing()
    scene.server.interrupt = () => {
      throw new TypeError('offline')
    }
    await begun(scene)
    scene.world.leave()
    await settled()
    scene.mail.stop()
    scene.server.interrupt = () => null
    expect((await writing(scene.server)).compose.open.map(({ draft }) => draft.text)).toEqual(['Dear Ann'])
  })

  test('is kept on this device a second after it was typed, also if somebody types without a rest', async () => {
    const scene = await writing()
    const draft = await begun(scene)
    for (let letter = 0; letter < 20; letter += 1) {
      draft.change({ text: 'a'.repeat(letter) })
      await scene.world.pass(200)
    }
    // The tab is killed.
    const [found] = (await writing(scene.server)).compose.open
    expect(found?.draft.text.length).toBeGreaterThanOrEqual(14)
  })

  test('is written in one request when the page is left, which gets no response any more', async () => {
    const scene = await writing()
    await begun(scene)
    const read = vi.spyOn(KeptDrafts.prototype, 'change')
    scene.world.leave()
    expect(read).not.toHaveBeenCalled()
    read.mockRestore()
    const [found] = (await writing(scene.server)).compose.open
    expect(found?.draft.text).toBe('Dear Ann')
  })

  test('is nothing that the browser may delete when it needs room', async () => {
    const scene = await writing()
    expect(scene.world.persisted).toBe(0)
    await begun(scene)
    await scene.world.pass(400)
    expect(scene.world.persisted).toBeGreaterThan(0)
  })

  test('that was closed leaves this device once the mail server has all of it', async () => {
    const scene = await writing()
    const draft = await begun(scene)
    draft.close()
    await settled()
    expect([scene.compose.open, draftsOn(scene)]).toEqual([[], ['Dear Ann']])
    await scene.world.pass(1_000)
    expect(scene.compose.unsent).toBe(0)
    scene.mail.stop()
    expect((await writing(scene.server)).compose.open).toEqual([])
  })

  test('into which nothing was typed leaves nothing anywhere', async () => {
    const scene = await writing()
    const draft = await scene.compose.start({ kind: 'new' })
    await scene.world.pass(4_000)
    draft.close()
    await scene.world.pass(4_000)
    expect([scene.compose.open, draftsOn(scene), scene.compose.unsent]).toEqual([[], [], 0])
    const before = await begun(scene)
    before.change({ text: '', format: 'rich', html: before.draft.html })
    expect(scene.world.mistakes).toEqual([])
  })

  test('that is open again after a reload is kept when it is closed before the mail server has it', async () => {
    const scene = await writing()
    await begun(scene)
    scene.world.leave()
    await settled()
    scene.mail.stop()
    const next = await writing(scene.server)
    next.compose.open[0]?.close()
    await next.world.pass(5_000)
    expect(draftsOn(next)).toEqual(['Dear Ann'])
  })

  test('is open again after a reload, with what was typed last', async () => {
    const scene = await writing()
    await begun(scene)
    scene.world.leave()
    await settled()
    const next = await writing(scene.server)
    expect(next.compose.open.map(({ draft }) => draft.text)).toEqual(['Dear Ann'])
    await next.world.pass(4_000)
    expect(draftsOn(next)).toEqual(['Dear Ann'])
  })

  test('is open again after a reload before the page takes it that nothing is open', async () => {
    const scene = await writing()
    await begun(scene)
    scene.world.leave()
    await settled()
    const { mail } = await opened(scene.server)
    const compose = await mail.compose()
    const early = [compose.isResumed, compose.open.length]
    await settled()
    expect([...early, compose.isResumed, compose.open.length]).toEqual([false, 0, true, 1])
  })
})
