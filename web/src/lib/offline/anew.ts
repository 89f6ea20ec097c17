/** Files of the interface that this browser keeps and cannot use. */
import { IMMUTABLE, PREFIX } from './build.ts'

interface Browser {
  readonly fetch: typeof fetch
  readonly performance: Pick<Performance, 'getEntriesByType'>
  readonly document: Pick<Document, 'querySelectorAll'>
  /** undefined: it keeps none */
  readonly caches?: Pick<CacheStorage, 'keys' | 'delete'> | undefined
}

/**
 * Has the files of this page anew: a browser keeps for a year a file that was cut on its way, and a page that is loaded again
 * would get it from there. False: nobody answers, and a page that is loaded again would be none.
 */
export async function hadAnew({ fetch, performance, document, caches }: Browser): Promise<boolean> {
  if (caches) await drop(caches).catch(() => undefined)
  // What is still on its way has a link only.
  const links = document.querySelectorAll<HTMLLinkElement>('link[href]')
  const files = [
    ...performance.getEntriesByType('resource').map(({ name }) => name),
    ...[...links].map(({ href }) => href)
  ]
  const ours = new Set(files.filter((file) => new URL(file).pathname.startsWith(IMMUTABLE)))
  const responses = [...ours].map(async (file) => {
    const response = await fetch(file, { cache: 'reload' })
    // To its end, or the browser keeps nothing of it.
    await response.arrayBuffer()
    // One that a newer build does not have is not needed any more.
    return response.status < 500
  })
  return (await Promise.all(responses).catch(() => [false])).every(Boolean)
}

async function drop(caches: Pick<CacheStorage, 'keys' | 'delete'>): Promise<void> {
  const builds = (await caches.keys()).filter((name) => name.startsWith(PREFIX))
  await Promise.all(builds.map((name) => caches.delete(name)))
}
