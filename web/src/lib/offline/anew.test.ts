import { expect, test, vi } from 'vitest'
import { hadAnew } from './anew.ts'

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

test('files of the interface are had anew, past the cache of the browser and what its worker keeps', async () => {
  const here = browser(() => Promise.resolve(new Response()))
  expect(await hadAnew(here)).toBe(true)
  const anew = { cache: 'reload' }
  expect(here.fetch.mock.calls).toEqual([
    [FILES[0], anew],
    [FILES[3], anew],
    [COMING, anew]
  ])
  expect(here.caches.delete.mock.calls).toEqual([['postroom-build-1']])
  expect(await hadAnew({ ...here, caches: undefined })).toBe(true)
})

test('a file is had to its end before the page goes', async () => {
  const end = Promise.withResolvers<ArrayBuffer>()
  const had = hadAnew(browser(() => Promise.resolve({ status: 200, arrayBuffer: () => end.promise } as Response)))
  expect(await Promise.race([had, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))])).toBe('waits')
  end.resolve(new ArrayBuffer())
  expect(await had).toBe(true)
})

test('while nobody answers, the page stays; a file that a newer build does not have is no reason', async () => {
  expect(await hadAnew(browser(() => Promise.reject(new TypeError('offline'))))).toBe(false)
  expect(await hadAnew(browser(() => Promise.resolve(new Response(null, { status: 502 }))))).toBe(false)
  expect(await hadAnew(browser(() => Promise.resolve(new Response(null, { status: 404 }))))).toBe(true)
})
