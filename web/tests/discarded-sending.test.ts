import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Composition } from '#lib/writing/state/compose.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** A message that was sent, and waits for the connection; its window is open again. */
async function waiting(isStored: boolean): Promise<WritingScene & { draft: Composition }> {
  const scene = await writing()
  scene.server.now = () => scene.world.time
  scene.server.sending.clock = () => scene.world.time
  const draft = await begun(scene)
  await scene.world.pass(isStored ? 4_000 : 0)
  scene.server.interrupt = () => {
    throw new TypeError('offline')
  }
  await draft.send({ anyway: true })
  await scene.world.pass(20_000)
  const [unsent] = scene.compose.unsentDrafts
  expect(unsent?.state).toBe('waiting')
  return { ...scene, draft: await scene.compose.start({ kind: 'kept', id: unsent?.id ?? '' }) }
}

async function online({ server, world }: WritingScene): Promise<void> {
  server.interrupt = () => null
  world.return()
  await world.pass(90_000)
}

/** How many left, what lies in Drafts and in Sent, and what is open. */
function found({ server, compose }: WritingScene): unknown[] {
  server.sending.run()
  const open = compose.open.map(({ status, draft }) => [status, draft.text])
  return [server.sending.delivered.length, draftsOn({ server }), server.list('sent').length, open]
}

describe.each([
  ['not stored', false],
  ['stored', true]
])('a message that waits for the connection, and is %s at the mail server', (_, isStored) => {
  test('does not leave once it is discarded', async () => {
    const scene = await waiting(isStored)
    scene.draft.discard()
    await scene.world.pass(20_000)
    await online(scene)
    expect([found(scene), scene.compose.unsent]).toEqual([[0, [], 0, []], 0])
  })

  test('has left once the connection is back, if the time to undo it is over: discarding comes too late', async () => {
    const scene = await waiting(isStored)
    scene.server.interrupt = () => null
    scene.world.return()
    await settled()
    scene.draft.discard()
    await scene.world.pass(90_000)
    expect(found(scene)).toEqual([1, [], 1, []])
  })

  test.each([0, 5_000, 20_000])('is a draft if the discarding is undone after %i ms', async (pause) => {
    const scene = await waiting(isStored)
    const undo = scene.draft.discard()
    await scene.world.pass(pause)
    undo()
    await scene.world.pass(5_000)
    await online(scene)
    expect(found(scene)).toEqual([0, ['Dear Ann'], 0, [['writing', 'Dear Ann']]])
  })
})

test('a message of which nobody knows whether it left leaves no draft once it is discarded', async () => {
  const scene = await writing()
  scene.server.now = () => scene.world.time
  scene.server.sending.clock = () => scene.world.time
  const draft = await begun(scene)
  let isLost = false
  scene.server.interrupt = (_, body) => {
    if (isLost || !body.includes('"send"')) return null
    isLost = true
    throw new TypeError('lost')
  }
  await draft.send({ anyway: true })
  await scene.world.pass(60_000)
  const [open] = scene.compose.open
  expect(open?.status).toBe('unknown')
  open?.discard()
  await scene.world.pass(60_000)
  expect(found(scene)).toEqual([0, [], 0, []])
})
