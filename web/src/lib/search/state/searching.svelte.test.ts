import type { Mail } from '#lib/state/mail.svelte.ts'
import { Searching } from '#lib/search/state/searching.svelte.ts'
import { expect, test, vi } from 'vitest'

test('where the page of the search did not come, the field that it has is not called: it would call for the page again', async () => {
  const went: string[] = []
  const searching = new Searching({} as unknown as Mail, (path) => {
    went.push(path)
    return Promise.resolve()
  })
  await searching.open()
  expect([went, searching.calls]).toEqual([['/mail/search'], 0])
  searching.query = ''
  await searching.open()
  expect(searching.calls).toBe(1)
})

test('what was searched for while the parts of a search could not be loaded is shown when they can be', async () => {
  const show = vi.fn()
  let isOnline = false
  const search = () => (isOnline ? Promise.resolve({ show }) : Promise.reject(new TypeError('Failed to fetch')))
  const searching = new Searching({ search } as unknown as Mail, () => Promise.resolve())
  await searching.searchFor('pulp')
  searching.show('pulp')
  await expect(searching.load()).rejects.toThrow()
  isOnline = true
  await searching.load()
  expect(show).toHaveBeenCalledExactlyOnceWith('pulp')
})
