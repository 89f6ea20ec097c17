import type { Mail } from '#lib/state/mail.ts'
import type { Search } from '#lib/state/searches.ts'
import { Searching } from '#lib/state/searching.svelte.ts'
import { expect, test } from 'vitest'

/** A place whose search is still being loaded. */
function loading(): { searching: Searching; shown: string[]; load: () => Promise<void> } {
  const shown: string[] = []
  const search = { show: (query: string) => shown.push(query), end: () => undefined } as unknown as Search
  const { promise, resolve } = Promise.withResolvers<Search>()
  const searching = new Searching({ search: () => promise } as unknown as Mail, () => Promise.resolve())
  return {
    searching,
    shown,
    load: async () => {
      resolve(search)
      await promise
      await new Promise(setImmediate)
    }
  }
}

test('who leaves while the search is being loaded is not shown it', async () => {
  const { searching, shown, load } = loading()
  searching.show('pulp')
  searching.show(null, 'inbox')
  await load()
  expect(shown).toEqual([])
})

test('who searches for something else meanwhile is shown that', async () => {
  const { searching, shown, load } = loading()
  searching.show('pulp')
  searching.show('ink')
  await load()
  expect(shown.at(-1)).toBe('ink')
  expect(shown).not.toContain('pulp')
})
