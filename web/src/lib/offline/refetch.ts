/** Files of the interface that this browser keeps and cannot use, such as one that was cut on its way. */
import { IMMUTABLE, PREFIX } from './build.ts'

interface Browser {
  readonly fetch: typeof fetch
  readonly performance: Pick<Performance, 'getEntriesByType'>
  readonly document: Pick<Document, 'querySelectorAll'>
  /** undefined: it keeps none */
  readonly caches?: Pick<CacheStorage, 'keys' | 'delete'> | undefined
}

/**
 * Fetch the files of this page again, past the browser's cache and the service worker, which would give a reloaded page the same
 * files for a year. False: the server did not answer. Then what this browser keeps stays, and the page should, too.
 */
export async function refetch({ fetch, performance, document, caches }: Browser): Promise<boolean> {
  // What is still on its way has a link only.
  const links = document.querySelectorAll<HTMLLinkElement>('link[href]')
  const files = [
    ...performance.getEntriesByType('resource').map(({ name }) => name),
    ...[...links].map(({ href }) => href)
  ]
  const ours = new Set(files.filter((file) => new URL(file).pathname.startsWith(IMMUTABLE)))
  const responses = [...ours].map(async (file) => {
    const response = await fetch(file, { cache: 'reload' })
    // The browser keeps only what was read to its end.
    await response.arrayBuffer()
    // One that a newer build does not have is not needed any more.
    return response.status < 500
  })
  const isDone = (await Promise.all(responses).catch(() => [false])).every(Boolean)
  // The service worker fetches them again when the page is opened.
  if (isDone && caches) await drop(caches).catch(() => undefined)
  return isDone
}

async function drop(caches: Pick<CacheStorage, 'keys' | 'delete'>): Promise<void> {
  const builds = (await caches.keys()).filter((name) => name.startsWith(PREFIX))
  await Promise.all(builds.map((name) => caches.delete(name)))
}
