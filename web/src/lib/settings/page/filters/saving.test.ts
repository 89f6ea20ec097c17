import type { Filter } from '#lib/settings/domain/filter.ts'
import type { Effect, Filters, Outcome } from '#lib/settings/state/filters.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { removing, saving } from '#lib/settings/page/filters/saving.ts'
import { filters as words } from '#lib/words/en/filters.ts'
import { expect, test, vi } from 'vitest'

const filterOf = (id: string): Filter => ({
  id,
  name: id,
  on: true,
  match: 'any',
  conditions: [],
  actions: [],
  stop: true
})

/** Filters whose saving is decided by hand. */
class HeldFilters {
  trouble: { readonly code: string } | null = null
  filters: readonly Filter[] = ['First', 'Second', 'Third'].map(filterOf)
  readonly #settles: ((outcome: Outcome) => void)[] = []

  save(filters: readonly Filter[]): Promise<Outcome> {
    this.filters = filters
    return new Promise((resolve) => this.#settles.push(resolve))
  }

  async finish(outcome: Outcome): Promise<void> {
    this.#settles.shift()?.(outcome)
    await new Promise((resolve) => setTimeout(resolve))
  }

  get names(): string[] {
    return this.filters.map(({ name }) => name)
  }
}

function removed(): { filters: HeldFilters; notices: Notices } {
  const [filters, notices] = [new HeldFilters(), new Notices()]
  void removing({ filters: filters as unknown as Filters, notices, words, filter: filters.filters[1] as Filter })
  return { filters, notices }
}

test('a filter that is removed comes back where it was, though its removal is not saved yet', async () => {
  const { filters, notices } = removed()
  expect(filters.names).toEqual(['First', 'Third'])
  notices.undoLast()
  expect(filters.names).toEqual(['First', 'Second', 'Third'])
  await filters.finish('saved')
  await filters.finish('saved')
  expect(notices.shown?.text).toBe(words.restored)
})

test('a filter that could not be brought back is told, and brought back by another try', async () => {
  const { filters, notices } = removed()
  await filters.finish('saved')
  notices.undoLast()
  filters.filters = filters.filters.filter(({ id }) => id !== 'Second')
  await filters.finish('failed')
  expect(notices.shown?.text).toBe(words.notSaved)
  notices.shown?.again?.()
  expect(filters.names).toEqual(['First', 'Second', 'Third'])
})

test('a removal that fails is told, and cannot be undone', async () => {
  const { filters, notices } = removed()
  await filters.finish('failed')
  expect(notices.shown?.text).toBe(words.notSaved)
  expect(notices.canUndo).toBe(false)
})

test('a removal that fails after the person took it back is not told', async () => {
  const { filters, notices } = removed()
  notices.undoLast()
  await filters.finish('failed')
  expect(notices.shown?.text).toBe(words.restored)
})

/** Filters that are saved at once. `effects`: what each question finds in turn; null: it cannot be found out. */
class SavedFilters {
  readonly filters: readonly Filter[] = []
  readonly done: (readonly string[])[] = []
  readonly effects: (readonly string[] | null)[]

  constructor(...effects: (readonly string[] | null)[]) {
    this.effects = effects
  }

  save(): Promise<Outcome> {
    return Promise.resolve('saved')
  }

  effectOf(): Promise<Effect | null> {
    const ids = this.effects.shift()
    const hitOf = (id: string): Effect['hits'][number] => ({
      id,
      who: '',
      subject: '',
      receivedAt: new Date(0),
      verdict: id === 'perhaps' ? null : true
    })
    return Promise.resolve(ids ? { of: 500, hits: ids.map(hitOf) } : null)
  }

  doNow(_: Filter, ids: readonly string[]): Promise<{ count: number; undo: () => void }> {
    this.done.push(ids)
    return Promise.resolve({ count: ids.length, undo: () => undefined })
  }
}

async function saved(filters: SavedFilters): Promise<Notices> {
  const notices = new Notices()
  const filter = filterOf('First')
  await saving({ filters: filters as unknown as Filters, notices, words, filter, alsoNow: true })
  return notices
}

test('a filter is done to what it hits as it is saved, not to what may match', async () => {
  const filters = new SavedFilters(['a', 'perhaps', 'b'])
  const notices = await saved(filters)
  expect([filters.done, notices.shown?.text]).toEqual([[['a', 'b']], words.doneNow(2)])
})

test('a filter that hits nothing any more is saved, and done to nothing', async () => {
  const filters = new SavedFilters([])
  const notices = await saved(filters)
  expect([filters.done, notices.shown?.text]).toEqual([[], words.saved])
})

test('where it cannot be found out what a filter hits that is said, and asked again', async () => {
  const filters = new SavedFilters(null, ['a'])
  const notices = await saved(filters)
  expect([filters.done, notices.shown?.text]).toEqual([[], words.nowFailed])
  notices.shown?.again?.()
  await vi.waitFor(() => expect(filters.done).toEqual([['a']]))
})

test.each([
  ['tooLarge', words.tooLarge],
  ['overQuota', words.tooLarge],
  ['unavailable', words.notSaved]
])('why filters are not saved is said where the person can do something: %s', async (code, text) => {
  const { filters, notices } = removed()
  filters.trouble = { code }
  await filters.finish('failed')
  expect(notices.shown?.text).toBe(text)
})
