import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import '#lib/writing/state/compose.svelte.ts'
import '#lib/writing/state/compose-people.ts'
import { suggestionsFor } from '#lib/search/domain/search-suggestions.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { create, type Suspicions } from '#lib/state/suspicions.svelte.ts'
import { beforeEach, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { openedWith, Settings } from './settings.ts'
import { settled, World } from './world.ts'

const MARA = { name: 'Mara Lindqvist', email: 'mara@papierwerk.example.org' }
const FALSE_MARA = { name: 'Mara Lindqvist', email: 'mara@papierwerck.example.org' }
const WARNING = { kind: 'nearMiss', known: MARA.email, now: FALSE_MARA.email } as const

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** Somebody who looks like a known sender wrote more often than the sender did. */
async function opened(): Promise<{ mail: Mail; world: World }> {
  const server = new ModelServer()
  for (const from of [FALSE_MARA, FALSE_MARA, FALSE_MARA, MARA]) server.deliver({ from: [from] })
  const settings = new Settings()
  settings.document = { senders: { known: [[MARA.email, MARA.name, 1, 20_000]] } }
  const world = new World()
  const mail = await openedWith(settings, world, server)
  await settled()
  return { mail, world }
}

function suspicionsOf(mail: Mail): Suspicions {
  return mail.part(create)
}

test('who looks like a known sender is suggested as a recipient behind them, and marked', async () => {
  const { mail } = await opened()
  const compose = await mail.compose()
  await settled()
  const suggested = async () => (await compose.suggest('mara', [])).map(({ address, imitates }) => [address, imitates])
  expect(await suggested()).toEqual([
    [MARA.email, null],
    [FALSE_MARA.email, 'Mara Lindqvist']
  ])
  expect((await compose.suggest('papierwerck', []))[0]?.imitates).toBe('Mara Lindqvist')
  await mail.knowWarning(WARNING)
  expect((await suggested()).map(([, imitates]) => imitates)).toEqual([null, null])
})

test('and so in the suggestions of a search', async () => {
  const { mail } = await opened()
  const known = await (await mail.search()).known()
  await suspicionsOf(mail).ready
  const suggested = suggestionsFor('from:mara', 9, { ...known, saved: [] }).filter(({ kind }) => kind === 'person')
  expect(suggested.map(({ label, imitates }) => [label, imitates])).toEqual([
    [`from:${MARA.email}`, null],
    [`from:${FALSE_MARA.email}`, 'Mara Lindqvist']
  ])
})

test('their rows have a warning, until the person says that they know the sender; rows of others stay the same', async () => {
  const { mail } = await opened()
  const suspicions = suspicionsOf(mail)
  await suspicions.ready
  const rows = [0, 1, 2, 3].flatMap((at) => mail.list?.row(at) ?? [])
  const warnings = () => rows.map((row) => [row.people[0]?.address, suspicions.marked(row).warning])
  expect(warnings()).toEqual([[MARA.email, false], ...Array.from({ length: 3 }, () => [FALSE_MARA.email, true])])
  expect(rows.map((row) => suspicions.marked(row) === row)).toEqual([true, false, false, false])
  // A row that is the same is not painted again.
  expect(rows.every((row) => suspicions.marked(row) === suspicions.marked(row))).toBe(true)
  await mail.knowWarning(WARNING)
  expect(warnings().map(([, warning]) => warning)).toEqual([false, false, false, false])
})
