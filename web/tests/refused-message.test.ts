/** A message that was not sent, in the windows and the list of drafts of one tab and another. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Composition } from '#lib/writing/state/compose.ts'
import { ModelServer } from './model-server.ts'
import { MortalTab, told } from './mortal-tab.ts'
import { draftsOn } from './writing.ts'

const tabs = new Set<MortalTab>()

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  tabs.forEach((tab) => tab.kill())
  tabs.clear()
})

async function opened(server: ModelServer, time = Date.UTC(2026, 10, 26, 12)): Promise<MortalTab> {
  const tab = new MortalTab(server, time)
  tabs.add(tab)
  server.now = server.sending.clock = () => Math.max(...[...tabs].map(({ world }) => world.time))
  return tab.begin()
}

async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 5_000) {
    for (const tab of tabs) await tab.world.pass(Math.min(left, 5_000))
    await told()
  }
}

async function written({ compose }: MortalTab): Promise<Composition> {
  const draft = await compose.start({ kind: 'new', to: [{ name: 'Ann', address: 'ann@example.net' }] })
  draft.change({ format: 'plain', html: '', subject: 'Pallets', text: 'Dear Ann' })
  await pass(5_000)
  return draft
}

/** Of a message that was refused: a tab that sent it, and another one. */
async function refused(): Promise<{ server: ModelServer; one: MortalTab; other: MortalTab }> {
  const server = new ModelServer()
  const one = await opened(server)
  const other = await opened(server)
  server.sending.refusing = { type: 'forbiddenToSend' }
  const draft = await written(one)
  await draft.send()
  await pass(60_000)
  return { server, one, other }
}

function windows({ compose }: MortalTab): unknown[] {
  return compose.open.map(({ trouble, status }) => trouble?.code ?? status)
}

function rows({ compose }: MortalTab): string[] {
  return compose.unsentDrafts.map(({ state }) => state)
}

async function sentAgain(server: ModelServer, tab: MortalTab): Promise<number> {
  server.sending.refusing = null
  const [draft] = tab.compose.open
  if (draft?.status === 'unknown') draft.sendAgain()
  else await draft?.send()
  await pass(60_000)
  server.sending.run()
  return server.sending.delivered.length
}

test('is open in the tab that sent it, and the other one lists it as not sent', async () => {
  const { one, other } = await refused()
  expect([windows(one), windows(other), rows(one), rows(other)]).toEqual([['forbiddenToSend'], [], [], ['not_sent']])
})

test('says why while it is corrected, until the person has read enough', async () => {
  const { one, other } = await refused()
  const [draft] = one.compose.open
  draft?.change({ text: 'Dear Ann,' })
  await pass(5_000)
  expect(windows(one)).toEqual(['forbiddenToSend'])
  draft?.dismiss()
  await pass(5_000)
  expect([windows(one), rows(other)]).toEqual([['writing'], []])
})

describe('a window of it that is closed', () => {
  test('leaves it in the list as not sent, in both tabs and after a reload, once at the mail server', async () => {
    const { server, one, other } = await refused()
    one.compose.open[0]?.close()
    await pass(30_000)
    expect([rows(one), rows(other), draftsOn({ server })]).toEqual([['not_sent'], ['not_sent'], ['Dear Ann']])
    tabs.forEach((tab) => tab.kill())
    const time = one.world.time
    tabs.clear()
    const next = await opened(server, time)
    await pass(30_000)
    expect([windows(next), rows(next), draftsOn({ server })]).toEqual([[], ['not_sent'], ['Dear Ann']])
  })

  test('can be opened in the other tab, says why, and is sent from there once', async () => {
    const { server, one, other } = await refused()
    one.compose.open[0]?.close()
    await pass(30_000)
    const [row] = other.compose.unsentDrafts
    await other.compose.start({ kind: 'kept', id: row?.id ?? '' })
    expect(windows(other)).toEqual(['forbiddenToSend'])
    expect([await sentAgain(server, other), rows(one), rows(other), draftsOn({ server })]).toEqual([1, [], [], []])
  })

  test('is not listed as not sent any more once it was changed', async () => {
    const { server, one, other } = await refused()
    one.compose.open[0]?.close()
    await pass(30_000)
    const [row] = one.compose.unsentDrafts
    const again = await one.compose.start({ kind: 'kept', id: row?.id ?? '' })
    again.change({ text: 'Dear Ann, once more' })
    await pass(5_000)
    again.close()
    await pass(30_000)
    expect([rows(one), rows(other), draftsOn({ server })]).toEqual([[], [], ['Dear Ann, once more']])
  })
})

describe('the correction of it counts', () => {
  test('after a reload, when its window is closed', async () => {
    const { server, one } = await refused()
    one.compose.open[0]?.change({ text: 'Dear Ann, once more' })
    await pass(5_000)
    tabs.forEach((tab) => tab.kill())
    tabs.clear()
    const next = await opened(server, one.world.time)
    expect(windows(next)).toEqual(['forbiddenToSend'])
    next.compose.open[0]?.close()
    await pass(30_000)
    expect([rows(next), draftsOn({ server })]).toEqual([[], ['Dear Ann, once more']])
  })

  test('in a tab that took it over and closes it, until it is refused again', async () => {
    const { server, one, other } = await refused()
    one.compose.open[0]?.change({ text: 'Dear Ann, once more' })
    await pass(5_000)
    const [row] = other.compose.unsentDrafts
    const draft = await other.compose.start({ kind: 'kept', id: row?.id ?? '' })
    draft.takeOver()
    await pass(5_000)
    await draft.send()
    await pass(60_000)
    other.compose.open[0]?.close()
    await pass(30_000)
    expect([rows(one), rows(other)]).toEqual([['not_sent'], ['not_sent']])
    const again = await other.compose.start({ kind: 'kept', id: row?.id ?? '' })
    again.change({ text: 'Dear Ann, once and for all' })
    await pass(5_000)
    const taken = await one.compose.start({ kind: 'kept', id: row?.id ?? '' })
    taken.takeOver()
    await pass(5_000)
    taken.close()
    await pass(30_000)
    expect([rows(one), rows(other), draftsOn({ server })]).toEqual([[], [], ['Dear Ann, once and for all']])
  })
})

test('is open in another tab if the one that sent it is gone when it is refused', async () => {
  const server = new ModelServer()
  const one = await opened(server)
  const other = await opened(server)
  const draft = await written(one)
  server.sending.refusing = { type: 'forbiddenToSend' }
  await draft.send()
  one.kill()
  tabs.delete(one)
  await pass(60_000)
  expect([windows(other), rows(other)]).toEqual([['forbiddenToSend'], []])
  expect(await sentAgain(server, other)).toBe(1)
})

test('stays in the other tab, and can be sent from it, if its own is gone at any moment of being refused', async () => {
  for (let steps = 0, isDead = true; isDead; steps += 1) {
    globalThis.indexedDB = new IDBFactory()
    tabs.clear()
    const server = new ModelServer()
    const one = await opened(server)
    const other = await opened(server)
    server.sending.refusing = { type: 'forbiddenToSend' }
    const draft = await written(one)
    one.stepsLeft = steps
    void draft.send()
    await pass(60_000)
    isDead = one.isDead
    tabs.delete(one)
    one.kill()
    await pass(60_000)
    if (!other.compose.open[0]) {
      const [row] = other.compose.unsentDrafts
      if (row) await other.compose.start({ kind: 'kept', id: row.id })
    }
    const told = { steps, windows: windows(other), drafts: draftsOn({ server }) }
    expect(told.drafts, JSON.stringify(told)).toEqual(['Dear Ann'])
    expect(['forbiddenToSend', 'unknown'], JSON.stringify(told)).toContain(told.windows[0])
    expect(await sentAgain(server, other), JSON.stringify(told)).toBe(1)
    other.kill()
  }
})

test('a message that only a tab can hold counts as unsent until it has left: whoever closes its window waits for that', async () => {
  const server = new ModelServer()
  server.sending.maxDelayedSend = 0
  const one = await opened(server)
  const draft = await written(one)
  await draft.send()
  await pass(5_000)
  expect([one.compose.unsent, one.compose.outgoing.map(({ needs }) => needs)]).toEqual([1, ['tab']])
  await pass(20_000)
  server.sending.run()
  expect([one.compose.unsent, server.sending.delivered.length]).toEqual([0, 1])
})
