import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Composition } from '#lib/writing/state/compose.ts'
import { Browser, type LateTab } from './late-tabs.ts'
import { ModelServer } from './model-server.ts'
import { draftsOn } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => vi.restoreAllMocks())

/** Milliseconds by which things are late. */
type Late = Partial<Record<'request' | 'response' | 'grant' | 'message' | 'write' | 'written', number>>

/** A draft that the first tab writes and the second shows. */
async function shown(): Promise<{
  browser: Browser
  tabs: LateTab[]
  draft: Composition
  other: Composition
  pass: (milliseconds: number, late?: Late) => Promise<void>
}> {
  const browser = new Browser(new ModelServer())
  const { clock } = browser
  const [first, second] = [await browser.tab(), await browser.tab()] as const
  const pass = async (milliseconds: number, late: Late = {}): Promise<void> => {
    clock.late = (what) => late[what as keyof Late] ?? 0
    await clock.pass(milliseconds)
  }
  const beginning = first.compose.start({ kind: 'new' })
  await pass(100)
  const draft = await beginning
  draft.change({ format: 'plain', html: '', text: 'Dear Ann', subject: 'Lunch' })
  await pass(10_000)
  const showing = second.compose.start({ kind: 'kept', id: draft.id })
  await pass(100)
  return { browser, tabs: [first, second], draft, other: await showing, pass }
}

async function device(): Promise<unknown[]> {
  const [{ name = '' } = {}] = await indexedDB.databases()
  const database = await openDB(name)
  const all: unknown[] = await database.getAll('draft')
  database.close()
  return all
}

test.each([
  ['before this tab has the lock', { grant: 300 }],
  ['while this tab writes that it has it', { grant: 10, write: 200 }]
])(
  'a draft that is closed while another tab takes it over stays on no device without a window: %s',
  async (_, late) => {
    const { browser, tabs, draft, other, pass } = await shown()
    draft.change({ text: 'Dear Ann, hello' })
    draft.close()
    await pass(30, { write: 20, message: 60, request: 300 })
    other.takeOver()
    await pass(10_000, { request: 300, ...late })
    for (const { compose } of tabs) for (const one of compose.open) one.close()
    await pass(60_000)
    expect([await device(), draftsOn(browser)]).toEqual([[], ['Dear Ann, hello']])
  }
)

test('a window that is closed while it takes a draft over leaves it to the one that writes it', async () => {
  const { browser, draft, other, pass } = await shown()
  other.takeOver()
  await pass(20, { grant: 50 })
  other.close()
  await pass(5_000)
  expect(draft.elsewhere).toBe(false)
  draft.change({ text: 'Dear Ann, hello' })
  await pass(5_000)
  expect(draftsOn(browser)).toEqual(['Dear Ann, hello'])
})

test('of two tabs that wait for a draft one goes on with it, and neither gives it up to the other', async () => {
  const { browser, tabs, draft, other, pass } = await shown()
  const third = await browser.tab()
  const showing = third.compose.start({ kind: 'kept', id: draft.id })
  await pass(100)
  tabs[0]?.end()
  let writes = 0
  browser.onkept = () => (writes += 1)
  await pass(30_000, { grant: 20, message: 20, write: 20, written: 20 })
  expect([other.elsewhere, (await showing).elsewhere, writes < 9]).toEqual([false, true, true])
})

test('a draft that is closed by a tab which is killed before it tells so has no window in another one', async () => {
  const { browser, tabs, draft, pass } = await shown()
  draft.change({ text: 'Dear Ann, hello' })
  draft.close()
  await pass(100, { written: 500 })
  tabs[0]?.end()
  await pass(60_000)
  expect([tabs[1]?.compose.open, draftsOn(browser), await device()]).toEqual([[], ['Dear Ann, hello'], []])
})

test('a draft that is discarded goes, though another tab tells late what it read before', async () => {
  const { browser, other, pass } = await shown()
  other.takeOver()
  while (other.elsewhere) await pass(1, { write: 20 })
  other.discard()
  await pass(100, { write: 30, message: 500 })
  await pass(60_000)
  expect([draftsOn(browser), await device()]).toEqual([[], []])
})

test('a draft is not discarded from a tab that does not know yet that another one took it over', async () => {
  const { browser, draft, other, pass } = await shown()
  other.takeOver()
  while (other.elsewhere) await pass(1, { message: 500 })
  expect(draft.elsewhere).toBe(false)
  other.change({ text: 'Dear Ann, hello' })
  draft.discard()
  await pass(60_000)
  expect([other.elsewhere, draftsOn(browser)]).toEqual([false, ['Dear Ann, hello']])
})

test('a discarded draft that is undone while the mail server destroys it is stored once', async () => {
  const { browser, tabs, draft, pass } = await shown()
  const undo = draft.discard()
  await pass(10_100, { request: 50, response: 4_000 })
  undo()
  await pass(30_000)
  tabs[0]?.compose.open[0]?.close()
  await pass(30_000)
  expect(draftsOn(browser)).toEqual(['Dear Ann'])
})
