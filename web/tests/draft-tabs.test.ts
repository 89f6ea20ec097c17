import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { ModelServer } from './model-server.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing, type WritingScene } from './writing.ts'

/** of the channels of all tabs */
const names: string[] = []
const channel = (name: string): BroadcastChannel => {
  names.push(name)
  return new BroadcastChannel(name)
}
const open: WritingScene[] = []

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
  open.splice(0).forEach(({ mail }) => mail.stop())
})

async function tab(server: ModelServer, locks: LockManager | null = navigator.locks): Promise<WritingScene> {
  const scene = await writing(server, { locks, channel })
  open.push(scene)
  return scene
}

async function pass(milliseconds: number): Promise<void> {
  for (const { world } of open) await world.pass(milliseconds)
  await settled()
}

describe.each([
  ['with locks', navigator.locks],
  ['without locks, as without TLS', null]
])('a draft in two tabs %s', (_, locks) => {
  async function both() {
    const first = await tab(new ModelServer(), locks)
    const draft = await begun(first)
    await pass(1_000)
    const second = await tab(first.server, locks)
    // A tab asks the others, and waits for a moment.
    await pass(1_000)
    const opening = second.compose.start({ kind: 'kept', id: draft.id })
    await pass(1_000)
    return { first, second, draft, other: await opening }
  }

  test('is written by one: the other shows it, follows it, and changes nothing', async () => {
    const { second, draft, other } = await both()
    expect([draft.elsewhere, other.elsewhere, other.draft.text]).toEqual([false, true, 'Dear Ann'])
    other.change({ text: 'Mine' })
    draft.change({ text: 'Dear Ann, hello' })
    await pass(1_000)
    expect(other.draft.text).toBe('Dear Ann, hello')
    await pass(4_000)
    expect(draftsOn(second)).toEqual(['Dear Ann, hello'])
  })

  test('is in the Drafts that another tab shows, once the mail server has it', async () => {
    const { second, draft } = await both()
    await pass(4_000)
    second.mail.show('drafts')
    await pass(1_000)
    draft.change({ text: 'Dear Ann, hello' })
    await pass(5_000)
    const [stored] = second.server.list('drafts')
    expect(second.mail.list?.row(0)?.emailId).toBe(stored)
  })

  test('goes on in the other one though nothing is typed in it yet, once it is on this device', async () => {
    const first = await tab(new ModelServer(), locks)
    const draft = await first.compose.start({ kind: 'new' })
    draft.keep()
    await pass(1_000)
    const second = await tab(first.server, locks)
    await pass(1_000)
    const opening = second.compose.start({ kind: 'kept', id: draft.id })
    await pass(1_000)
    const other = await opening
    other.takeOver()
    await pass(1_000)
    expect([draft.elsewhere, other.elsewhere]).toEqual([true, false])
    draft.close()
    other.close()
    await pass(1_000)
    expect([first.compose.unsentDrafts, second.compose.unsentDrafts, draftsOn(first)]).toEqual([[], [], []])
  })

  test('is written by the other one once that takes it over', async () => {
    const { second, draft, other } = await both()
    other.takeOver()
    await pass(1_000)
    expect([draft.elsewhere, other.elsewhere]).toEqual([true, false])
    draft.change({ text: 'Lost?' })
    other.change({ text: 'From here' })
    await pass(5_000)
    expect([draft.draft.text, draftsOn(second)]).toEqual(['From here', ['From here']])
  })

  test.each([
    ['while it takes it over', 0],
    ['after that', 1_000]
  ])('stays with the one that took it over, when an older message comes late: %s', async (_when, late) => {
    const { draft, other } = await both()
    const said: unknown[] = []
    const name = names.find((one) => one.endsWith('-drafts')) ?? ''
    const line = new BroadcastChannel(name)
    line.addEventListener('message', ({ data }) => said.push(data))
    draft.change({ text: 'Dear Ann, hello' })
    await pass(1_000)
    other.takeOver()
    await (late > 0 && pass(late))
    line.postMessage(said[0])
    await pass(1_000)
    other.change({ text: 'From here' })
    await pass(1_000)
    line.close()
    expect([draft.elsewhere, other.elsewhere, draft.draft.text]).toEqual([true, false, 'From here'])
  })

  test('what was typed a moment before it was taken over is kept as a draft of its own', async () => {
    const { second, draft, other } = await both()
    draft.change({ text: 'Dear Ann, one more word' })
    other.takeOver()
    await pass(1_000)
    other.change({ text: 'From here' })
    await pass(15_000)
    expect(draftsOn(second).toSorted()).toEqual(['Dear Ann, one more word', 'From here'])
  })

  test('what was typed in the moment in which its tab learns of that is in the same one', async () => {
    const { second, draft, other } = await both()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its object below
    const { change } = KeptDrafts.prototype
    let typed = false
    vi.spyOn(KeptDrafts.prototype, 'change').mockImplementation(async function (this: KeptDrafts, id, apply) {
      let writer: string | undefined
      await change.call(this, id, (found, last) => ((writer = found?.writer), apply(found, last)))
      // The transaction is over, and the tab from which it was taken has not gone on yet.
      if (!other.elsewhere && !draft.elsewhere && writer !== undefined && !typed) {
        typed = true
        draft.change({ text: 'Dear Ann, one more word, and another' })
      }
    })
    draft.change({ text: 'Dear Ann, one more word' })
    other.takeOver()
    await pass(1_000)
    other.change({ text: 'From here' })
    await pass(15_000)
    expect(typed).toBe(true)
    expect(draftsOn(second).toSorted()).toEqual(['Dear Ann, one more word, and another', 'From here'])
  })

  test('closes in the other one when it is closed', async () => {
    const { second, draft } = await both()
    draft.close()
    await pass(5_000)
    expect([second.compose.open, draftsOn(second)]).toEqual([[], ['Dear Ann']])
  })

  test('closes in the other one when it is sent, and is not sent from there', async () => {
    const { first, second, draft, other } = await both()
    expect(await other.send({ anyway: true })).toBeNull()
    await pass(1_000)
    expect([first.server.sending.records.size, second.compose.open.length]).toEqual([0, 1])
    await draft.send({ anyway: true })
    await pass(2_000)
    expect([second.compose.open, second.compose.unsentDrafts, first.server.sending.records.size]).toEqual([[], [], 1])
  })

  test('is not closed by closing the window that only shows it', async () => {
    const { first, other, draft } = await both()
    other.close()
    await pass(1_000)
    draft.change({ text: 'Dear Ann, hello' })
    await pass(5_000)
    expect([first.compose.open.length, draftsOn(first)]).toEqual([1, ['Dear Ann, hello']])
  })
})

test('what was typed since the sending was undone stays, when an older message of that sending comes late', async () => {
  const first = await tab(new ModelServer())
  const draft = await begun(first)
  await tab(first.server)
  const said: { kept: { sending: unknown } | null }[] = []
  const line = new BroadcastChannel(names.find((one) => one.endsWith('-drafts')) ?? '')
  line.addEventListener('message', ({ data }) => said.push(data as (typeof said)[number]))
  await draft.send({ anyway: true })
  await pass(1_000)
  const undoing = first.compose.outgoing[0]?.undo()
  await pass(3_000)
  const back = await undoing
  back?.change({ text: 'Dear Ann, hello' })
  await pass(1_000)
  line.postMessage(said.find(({ kept }) => kept?.sending))
  await pass(1_000)
  line.close()
  expect(first.compose.open.map((one) => [one.draft.text, one.status])).toEqual([['Dear Ann, hello', 'writing']])
})

test('a draft whose tab is gone is written by the tab that shows it', async () => {
  const first = await tab(new ModelServer())
  const draft = await begun(first)
  await pass(1_000)
  const second = await tab(first.server)
  const other = await second.compose.start({ kind: 'kept', id: draft.id })
  expect(other.elsewhere).toBe(true)
  open.shift()
  first.mail.stop()
  await pass(1_000)
  expect(other.elsewhere).toBe(false)
  other.change({ text: 'Dear Ann, hello' })
  await pass(5_000)
  expect(draftsOn(second)).toEqual(['Dear Ann, hello'])
})

test('a tab that learns late that its lock was taken does not wait for it once its window is closed', async () => {
  const { promise: late, resolve: learn } = Promise.withResolvers<undefined>()
  const request = (...of: Parameters<LockManager['request']>): Promise<unknown> =>
    navigator.locks.request(...of).catch(async (failure: unknown) => {
      await late
      throw failure
    })
  const first = await tab(new ModelServer(), { request } as unknown as LockManager)
  const draft = await begun(first)
  await pass(1_000)
  const second = await tab(first.server)
  const other = await second.compose.start({ kind: 'kept', id: draft.id })
  other.takeOver()
  await pass(1_000)
  expect(draft.elsewhere).toBe(true)
  draft.close()
  learn(undefined)
  await settled()
  // That tab is loaded anew.
  open.pop()?.mail.stop()
  await pass(1_000)
  const third = await tab(first.server)
  const again = await third.compose.start({ kind: 'kept', id: draft.id })
  expect([again.elsewhere, draft.elsewhere]).toEqual([false, true])
})

test('a tab that is opened leaves what another one writes with that one', async () => {
  const first = await tab(new ModelServer())
  await begun(first)
  await pass(1_000)
  const second = await tab(first.server)
  expect(second.compose.open).toEqual([])
})

test('a draft whose tab is gone right after it was closed is stored by another one', async () => {
  const first = await tab(new ModelServer())
  const second = await tab(first.server)
  first.server.interrupt = (_, body) => {
    if (body.includes('Email/set')) throw new TypeError('the tab is gone')
    return null
  }
  const draft = await begun(first)
  await pass(1_000)
  draft.close()
  await settled()
  open.shift()
  first.mail.stop()
  first.server.interrupt = () => null
  await pass(60_000)
  expect([draftsOn(second), second.compose.unsent, second.compose.open]).toEqual([['Dear Ann'], 0, []])
})
