import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { ModelServer } from './model-server.ts'
import { MortalTab } from './mortal-tab.ts'
import { settled } from './world.ts'
import { textOf } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Each write of the tab is a step, and what it wrote before it was gone is noted. */
async function watched(tab: MortalTab, kept: string[]): Promise<MortalTab> {
  /* eslint-disable @typescript-eslint/unbound-method -- they are called with their object below */
  const { all, change: original } = KeptDrafts.prototype
  /* eslint-enable @typescript-eslint/unbound-method */
  const stores: KeptDrafts[] = []
  const reading = vi.spyOn(KeptDrafts.prototype, 'all').mockImplementation(function (this: KeptDrafts) {
    stores.push(this)
    return all.call(this)
  })
  await tab.begin()
  reading.mockRestore()
  vi.spyOn(KeptDrafts.prototype, 'change').mockImplementation(function (this: KeptDrafts, id, change) {
    const noted: typeof change = (found, last) => {
      const next = change(found, last)
      if (next && next.discardedAt === null) kept.push(next.draft.text)
      return next
    }
    return stores.includes(this) ? tab.around(() => original.call(this, id, noted)) : original.call(this, id, change)
  })
  return tab
}

/** The life of the tab: three versions of a draft, one that is closed at once, one that is discarded, one with a file. */
async function live({ compose, world }: MortalTab): Promise<void> {
  const begin = async (text: string): Promise<Awaited<ReturnType<typeof compose.start>>> => {
    const composition = await compose.start({ kind: 'new' })
    composition.change({ format: 'plain', html: '', text, subject: text })
    return composition
  }
  const first = await begin('one')
  await world.pass(4_000)
  first.change({ text: 'one two' })
  await world.pass(4_000)
  const second = await begin('at once')
  second.close()
  const third = await begin('discarded')
  await world.pass(4_000)
  third.discard()
  first.attach([new File(['x'], 'plan.pdf', { type: 'application/pdf' })])
  await world.pass(15_000)
  first.change({ text: 'one two three' })
  first.close()
  await world.pass(10_000)
}

async function run(stepsLeft: number): Promise<MortalTab> {
  const server = new ModelServer()
  const tab = new MortalTab(server, Date.UTC(2026, 10, 26, 12))
  server.now = () => tab.world.time
  const kept: string[] = []
  await watched(tab, kept)
  tab.stepsLeft = stepsLeft
  await Promise.race([live(tab), tab.gone])
  const next = await new MortalTab(server, tab.world.time + 1_000).begin()
  await next.world.pass(60_000)
  for (const composition of next.compose.open) composition.close()
  await next.world.pass(60_000)
  // Files without a draft go when the next tab starts.
  const last = await new MortalTab(server, next.world.time).begin()
  await last.world.pass(90_000)
  last.kill()
  check(server, kept)
  expect([next.compose.open, next.compose.unsent, next.world.mistakes]).toEqual([[], 0, []])
  const database = await openDB('postroom-mail-3-me@example.org/a')
  expect([await database.count('draft'), await database.count('file')]).toEqual([0, 0])
  database.close()
  tab.kill()
  next.kill()
  vi.restoreAllMocks()
  return tab
}

/** Of each draft one version, which has all that this device was told; the one that was discarded may be there or not. */
function check(server: ModelServer, kept: readonly string[]): void {
  const texts = [...server.emails.values()].filter(({ keywords }) => keywords['$draft']).map(textOf)
  for (const name of ['one', 'at once', 'discarded']) {
    const versions = texts.filter((text) => text.startsWith(name))
    const last = kept.filter((text) => text.startsWith(name)).toSorted((one, other) => other.length - one.length)[0]
    if (name === 'discarded') {
      expect(versions.length).toBeLessThan(2)
    } else {
      expect(versions).toEqual(last === undefined ? [] : [last])
    }
  }
}

test('a tab that is gone in the middle of writing loses nothing that was kept and leaves nothing twice, whenever it was', async () => {
  let isDead = true
  let steps = 0
  for (; isDead && steps < 300; steps += 1) {
    globalThis.indexedDB = new IDBFactory()
    const tab = await run(steps)
    isDead = tab.stepsLeft < 0
  }
  expect(isDead).toBe(false)
  expect(steps).toBeGreaterThan(30)
})

test('a draft that is shown while its tab starts is written by it once the other tab is gone', async () => {
  const server = new ModelServer()
  const [gone, tab] = [
    new MortalTab(server, Date.UTC(2026, 10, 26, 12)),
    new MortalTab(server, Date.UTC(2026, 10, 26, 12))
  ]
  server.now = () => tab.world.time
  for (const one of [gone, tab]) {
    await one.begin()
    const draft = await one.compose.start({ kind: 'new' })
    draft.change({ format: 'plain', html: '', text: 'Dear Ann' })
    await one.world.pass(1_000)
  }
  gone.kill()
  const next = new MortalTab(server, tab.world.time)
  next.mail.show(null)
  await settled()
  // At its start it goes on with what the tab that is gone wrote, first.
  const compose = await next.mail.compose()
  const shown = await compose.start({ kind: 'kept', id: tab.compose.open.at(-1)?.id ?? '' })
  await settled()
  expect(shown.elsewhere).toBe(true)
  tab.kill()
  await settled()
  expect(shown.elsewhere).toBe(false)
  next.kill()
})
