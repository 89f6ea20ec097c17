import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Composition } from '#lib/writing/state/compose.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

function file(name: string, size = 10, type = 'text/plain'): File {
  return new File(['x'.repeat(size)], name, { type })
}

async function attached(...names: string[]): Promise<WritingScene & { draft: Composition }> {
  const scene = await writing()
  const draft = await begun(scene)
  draft.attach(names.map((name) => file(name)))
  return { ...scene, draft }
}

function states({ draft }: { draft: Composition }): string[] {
  return draft.draft.files.map(({ id }) => draft.fileState(id).kind)
}

/** Names of the files of the stored drafts. */
function filesOn({ server }: WritingScene): (string | null)[] {
  const drafts = [...server.emails.values()].filter(({ keywords }) => keywords['$draft'])
  return drafts.flatMap(({ attachments }) => (attachments ?? []).map(({ name }) => name))
}

describe('a file', () => {
  test('is uploaded, told how far, and lies in the draft that is stored', async () => {
    const scene = await writing()
    scene.server.blobs.held = []
    const draft = await begun(scene)
    draft.attach([file('plan.pdf')])
    await settled()
    expect(states({ draft })).toEqual(['uploading'])
    const [upload] = scene.server.blobs.held
    upload?.options.progress(0.5)
    expect(draft.fileState(draft.draft.files[0]?.id ?? '')).toEqual({ kind: 'uploading', done: 0.5 })
    expect(new URL(upload?.options.url ?? '').href).toBe('https://mail.test/jmap/upload/a/')
    upload?.finish()
    await scene.world.pass(5_000)
    expect([states({ draft }), filesOn(scene), scene.world.mistakes]).toEqual([['ready'], ['plan.pdf'], []])
  })

  test.each(['', ' \u200b', 'annexe\u202egpj.exe'])(
    'that this device kept as %j survives each further version',
    async (name) => {
      const scene = await attached(name)
      for (const text of ['One', 'Two']) {
        await scene.world.pass(5_000)
        scene.server.blobs.expire()
        scene.draft.change({ text })
      }
      await scene.world.pass(5_000)
      expect([draftsOn(scene), filesOn(scene).length, scene.draft.save.kind]).toEqual([['Two'], 1, 'saved'])
    }
  )

  test('survives each further version, though its blob goes with the version before', async () => {
    const scene = await attached('plan.pdf')
    await scene.world.pass(5_000)
    for (const text of ['One', 'Two', 'Three']) {
      scene.server.blobs.expire()
      scene.draft.change({ text })
      await scene.world.pass(5_000)
    }
    expect([draftsOn(scene), filesOn(scene)]).toEqual([['Three'], ['plan.pdf']])
  })

  test('whose blob expired before a draft was stored with it is uploaded again', async () => {
    const scene = await attached('plan.pdf')
    await settled()
    scene.server.blobs.expire()
    await scene.world.pass(20_000)
    expect([states(scene), filesOn(scene)]).toEqual([['ready'], ['plan.pdf']])
  })

  test('is uploaded again, from the start, after a reload in the middle', async () => {
    const scene = await writing()
    scene.server.blobs.held = []
    const draft = await begun(scene)
    draft.attach([file('plan.pdf')])
    await settled()
    scene.world.leave()
    await settled()
    scene.mail.stop()
    scene.server.blobs.held = null
    const next = await writing(scene.server)
    await next.world.pass(10_000)
    expect([next.compose.open.length, filesOn(next)]).toEqual([1, ['plan.pdf']])
  })

  test('that is taken out ends its upload, and is nowhere', async () => {
    const scene = await writing()
    scene.server.blobs.held = []
    const draft = await begun(scene)
    draft.attach([file('plan.pdf')])
    await settled()
    draft.detach(draft.draft.files[0]?.id ?? '')
    expect(scene.server.blobs.held[0]?.options.signal.aborted).toBe(true)
    scene.server.blobs.held[0]?.finish()
    await scene.world.pass(5_000)
    expect([draft.draft.files, filesOn(scene)]).toEqual([[], []])
  })

  test('that could not be uploaded is tried again when that may help, and says why', async () => {
    const scene = await writing()
    scene.server.blobs.interrupt = () =>
      Response.json({ code: 'upload_quota' }, { status: 429, headers: { 'Retry-After': '30' } })
    const draft = await begun(scene)
    draft.attach([file('plan.pdf')])
    await scene.world.pass(5_000)
    expect(draft.fileState(draft.draft.files[0]?.id ?? '')).toMatchObject({
      kind: 'failed',
      trouble: { code: 'upload_quota' }
    })
    expect(await draft.send()).toMatchObject({ kind: 'upload_failed' })
    scene.server.blobs.interrupt = () => null
    await scene.world.pass(60_000)
    expect([states({ draft }), filesOn(scene)]).toEqual([['ready'], ['plan.pdf']])
  })
})

test('of many files two are uploaded at once', async () => {
  const scene = await writing()
  scene.server.blobs.held = []
  const draft = await begun(scene)
  const names = ['a', 'b', 'c', 'd', 'e']
  draft.attach(names.map((name) => file(name)))
  for (let at = 0; at < names.length; at += 1) {
    await settled()
    expect(scene.server.blobs.running).toBeLessThanOrEqual(2)
    scene.server.blobs.held[at]?.finish()
  }
  await scene.world.pass(5_000)
  expect([scene.server.blobs.mostRunning, filesOn(scene)]).toEqual([2, names])
})

test('what is too large is refused before it is uploaded, and so is what is no picture within the text', async () => {
  const scene = await writing()
  Object.assign(scene.server.limits, { maxSizeUpload: 100 })
  scene.mail.connection.tryNow()
  scene.server.sessionState = 's2'
  await settled()
  const draft = await begun(scene)
  expect(draft.attach([file('large.bin', 101), file('small.bin', 100)]).map(({ name }) => name)).toEqual(['small.bin'])
  expect(draft.refusals.map(({ name, trouble }) => [name, trouble.code])).toEqual([['large.bin', 'file_too_large']])
  expect(draft.attach([file('note.txt')], 'text')).toEqual([])
  expect(draft.refusals.map(({ trouble }) => trouble.code)).toEqual(['not_a_picture'])
  await settled()
})

test('files that the mail server never finds are not uploaded for ever, and that is told; they lie in the draft once it does', async () => {
  const scene = await attached('plan.pdf')
  scene.server.refusingToMake = 'blobNotFound'
  await scene.world.pass(600_000)
  expect([scene.server.blobs.uploaded.size, scene.draft.save]).toMatchObject([
    4,
    { kind: 'device', trouble: { code: 'blobNotFound' } }
  ])
  scene.server.refusingToMake = null
  scene.draft.change({ text: 'Dear Ann, once more' })
  await scene.world.pass(60_000)
  expect([filesOn(scene), draftsOn(scene)]).toEqual([['plan.pdf'], ['Dear Ann, once more']])
})

test('a file of which only a part came to the mail server is uploaded again', async () => {
  const scene = await writing()
  const draft = await begun(scene)
  let parts = 1
  scene.server.blobs.interrupt = () => (parts-- > 0 ? Response.json({ blobId: 'part', size: 4 }) : null)
  draft.attach([file('plan.pdf')])
  await scene.world.pass(60_000)
  expect([states({ draft }), filesOn(scene)]).toEqual([['ready'], ['plan.pdf']])
})
