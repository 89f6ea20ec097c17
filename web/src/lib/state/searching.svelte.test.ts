import type { Mail } from '#lib/state/mail.ts'
import { Searching } from '#lib/state/searching.svelte.ts'
import { expect, test } from 'vitest'

test('where the page of the search did not come, the field that it has is not called: it would call for the page again', async () => {
  const went: string[] = []
  const searching = new Searching({} as Mail, (path) => {
    went.push(path)
    return Promise.resolve()
  })
  await searching.open()
  expect([went, searching.calls]).toEqual([['/mail/search'], 0])
  searching.query = ''
  await searching.open()
  expect(searching.calls).toBe(1)
})
