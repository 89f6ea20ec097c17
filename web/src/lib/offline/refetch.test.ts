import { expect, test, vi } from 'vitest'
import { refetch } from './refetch.ts'

const FILES = [
  'https://mail.test/_app/immutable/chunks/writing.js',
  'https://mail.test/_app/immutable/chunks/writing.js',
  'https://mail.test/api/settings',
  'https://mail.test/_app/immutable/chunks/reading.js'
]
/** It is on its way. */
const COMING = 'https://mail.test/_app/immutable/chunks/words.js'

function browser(answer: () => Promise<Response>) {
  return {
    fetch: vi.fn(answer),
    performance: { getEntriesByType: () => FILES.map((name) => ({ name })) as PerformanceEntryList },
    document: { querySelectorAll: () => [{ href: COMING }] } as unknown as Document,
    caches: {
      keys: () => Promise.resolve(['postroom-build-1', 'postroom-person']),
      delete: vi.fn(() => Promise.resolve(true))
    }
  }
}

test('files of the interface are fetched past the cache of the browser, and its worker keeps them no more', async () => {
  const here = browser(() => Promise.resolve(new Response()))
  expect(await refetch(here)).toBe(true)
  const anew = { cache: 'reload' }
  expect(here.fetch.mock.calls).toEqual([
    [FILES[0], anew],
    [FILES[3], anew],
    [COMING, anew]
  ])
  expect(here.caches.delete.mock.calls).toEqual([['postroom-build-1']])
  expect(await refetch({ ...here, caches: undefined })).toBe(true)
})

test('a file is read to its end before the page is left', async () => {
  const end = Promise.withResolvers<ArrayBuffer>()
  const done = refetch(browser(() => Promise.resolve({ status: 200, arrayBuffer: () => end.promise } as Response)))
  expect(await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))])).toBe('waits')
  end.resolve(new ArrayBuffer())
  expect(await done).toBe(true)
})

test('while nobody answers, the page stays, and what its worker keeps; a file that a newer build does not have is no reason', async () => {
  const away = browser(() => Promise.reject(new TypeError('offline')))
  expect([await refetch(away), away.caches.delete.mock.calls]).toEqual([false, []])
  expect(await refetch(browser(() => Promise.resolve(new Response(null, { status: 502 }))))).toBe(false)
  expect(await refetch(browser(() => Promise.resolve(new Response(null, { status: 404 }))))).toBe(true)
})
