import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeptDrafts } from '#lib/cache/drafts.ts'
import { ModelServer } from './model-server.ts'
import { MortalTab } from './mortal-tab.ts'
import { textOf } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Each write of the tab is a step, and what it wrote before it was gone is noted. */
function watch(tab: MortalTab, kept: string[]): () => void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its object below
  const original = KeptDrafts.prototype.change
  const spy = vi.spyOn(KeptDrafts.prototype, 'change')
  spy.mockImplementation(function (this: KeptDrafts, id, change) {
    return tab.around(async () => {
      await original.call(this, id, (found) => {
        const next = change(found)
        if (next && next.discardedAt === null) kept.push(next.draft.text)
        return next
      })
    })
  })
  return () => spy.mockRestore()
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
  await tab.begin()
  const end = watch(tab, kept)
  tab.stepsLeft = stepsLeft
  await Promise.race([live(tab), tab.gone])
  end()
  const next = await new MortalTab(server, tab.world.time + 1_000).begin()
  await next.world.pass(60_000)
  for (const composition of next.compose.open) composition.close()
  await next.world.pass(60_000)
  check(server, kept)
  expect([next.compose.open, next.compose.unsent, next.world.mistakes]).toEqual([[], 0, []])
  const database = await openDB('postroom-mail-3-me@example.org/a')
  expect([await database.count('draft'), await database.count('file')]).toEqual([0, 0])
  database.close()
  tab.kill()
  next.kill()
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
}, 240_000)
