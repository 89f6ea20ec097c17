/** What was typed last in a page of which the browser drops what IndexedDB has not begun, as it does when the page goes. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cache } from '#lib/cache/cache.ts'
import { forgetDraftCopies } from '#lib/writing/device/draft-copies.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'
import { modelStorage } from './model-storage.ts'
import { mortal, MortalTab, told, written } from './mortal-tab.ts'
import { settled } from './world.ts'
import { draftsOn } from './writing.ts'

/** the local storage of the browser */
let here: Storage

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  here = modelStorage()
  vi.stubGlobal('localStorage', here)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** Nothing is written any more. */
function deafDevice(): () => void {
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('the page goes', 'AbortError')
  })
  return () => put.mockRestore()
}

/** Its page is left, or hidden and then killed by a phone. */
async function left(tab: MortalTab, how: 'leave' | 'hide' = 'leave'): Promise<void> {
  const hears = deafDevice()
  tab.world[how]()
  tab.kill()
  await settled()
  hears()
}

const openTexts = ({ compose }: MortalTab): string[] => compose.open.map(({ draft: { text } }) => text)

test.each([
  ['left', 'leave'],
  ['hidden, and then killed', 'hide']
] as const)('no letter is lost when a page is %s, and nothing stays behind', async (_, how) => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear')
  await tab.world.pass(1_000)
  draft.change({ text: 'Dear Ann' })
  await left(tab, how)
  const next = await mortal(tab.server, tab.world.time)
  expect(openTexts(next)).toEqual(['Dear Ann'])
  await next.world.pass(60_000)
  expect([draftsOn(next), Object.keys(here)]).toEqual([['Dear Ann'], []])
})

test('a message of which this device has nothing else is there, too, and known to be unsent', async () => {
  const tab = await mortal()
  const hears = deafDevice()
  await written(tab, 'Dear Ann')
  await left(tab)
  hears()
  expect(await unsentOnThisDevice(tab.world.time)).toBe(1)
  const next = new MortalTab(tab.server, tab.world.time)
  next.mail.show(null)
  await settled()
  // By this the page knows that it has to load what writes.
  expect(next.mail.unsent).toBe(1)
  expect(openTexts(await next.begin())).toEqual(['Dear Ann'])
  next.kill()
})

test('a page that the browser brings back as it was goes on, and what it wrote meanwhile is newer', async () => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear')
  await tab.world.pass(1_000)
  draft.change({ text: 'Dear Ann' })
  const hears = deafDevice()
  tab.world.leave()
  hears()
  tab.world.return()
  draft.change({ text: 'Dear Ann, hello' })
  await tab.world.pass(10_000)
  expect([draftsOn(tab), openTexts(tab), Object.keys(here)]).toEqual([['Dear Ann, hello'], ['Dear Ann, hello'], []])
})

test('a page that stays writes what was typed, and keeps nothing beside it', async () => {
  const tab = await mortal()
  await written(tab, 'Dear Ann')
  tab.world.hide()
  expect(Object.keys(here)).toHaveLength(1)
  await settled()
  expect([openTexts(tab), Object.keys(here)]).toEqual([['Dear Ann'], []])
})

test('another tab that takes the draft over has all its words, and no draft beside it', async () => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear')
  await tab.world.pass(1_000)
  const other = await mortal(tab.server, tab.world.time)
  const shown = await other.compose.start({ kind: 'kept', id: draft.id })
  draft.change({ text: 'Dear Ann' })
  const hears = deafDevice()
  tab.world.leave()
  hears()
  tab.kill()
  await told()
  await other.world.pass(1_000)
  expect([shown.elsewhere, shown.draft.text]).toEqual([false, 'Dear Ann'])
  shown.change({ text: 'Dear Ann, hello' })
  await other.world.pass(60_000)
  expect([draftsOn(other), Object.keys(here)]).toEqual([['Dear Ann, hello'], []])
})

test('what is too long for it, or finds no room, is written as before', async () => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear')
  const long = 'x'.repeat(300_000)
  await tab.world.pass(1_000)
  draft.change({ text: long })
  tab.world.leave()
  tab.kill()
  await settled()
  expect(Object.keys(here)).toEqual([])
  const next = await mortal(tab.server, tab.world.time)
  expect(openTexts(next)).toEqual([long])
  next.compose.open[0]?.change({ text: 'short' })
  here.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  next.world.leave()
  next.kill()
  await settled()
  expect(openTexts(await mortal(tab.server, tab.world.time))).toEqual(['short'])
})

test('nothing of a person stays once somebody signs out, or another one is here', async () => {
  const tab = await mortal()
  await written(tab, 'Dear Ann')
  await left(tab)
  expect(Object.keys(here)).toHaveLength(1)
  here.setItem('postroom-language', 'de')
  const bobs = await Cache.open('bob@example.org/b')
  await bobs?.deleteOthers()
  expect(Object.keys(here)).toEqual(['postroom-language'])
  const [again, draft] = [await mortal(tab.server, tab.world.time), 'Dear Ann']
  await written(again, draft)
  await left(again)
  forgetDraftCopies()
  expect(Object.keys(here)).toEqual(['postroom-language'])
})

test('a page whose database another tab deleted, at a sign-out, keeps nothing when it is left', async () => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear')
  await tab.world.pass(1_000)
  await new Promise((resolve) => (indexedDB.deleteDatabase('postroom-mail-3-me@example.org/a').onsuccess = resolve))
  draft.change({ text: 'Dear Ann' })
  tab.world.hide()
  tab.world.leave()
  expect(Object.keys(here)).toEqual([])
})

test('nothing that is put there by whomever keeps the drafts from being read', async () => {
  const tab = await mortal()
  const draft = await written(tab, 'Dear Ann')
  await tab.world.pass(1_000)
  tab.kill()
  for (const text of ['{half', 'null']) {
    here.setItem(`postroom-words-me@example.org/a:${draft.id}`, text)
    const next = await mortal(tab.server, tab.world.time)
    expect(openTexts(next)).toEqual(['Dear Ann'])
    next.kill()
    await settled()
  }
})
