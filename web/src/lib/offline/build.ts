/**
 * The files of one build of the interface that a browser keeps. Their names hold a hash of their content, so files of two
 * builds never stand for each other; the page is kept only if all files that it names are of this build.
 */
export const PREFIX = 'postroom-build-'
/** The address at which the page is fetched and kept; it answers every address below. */
export const PAGE = '/mail'
export const IMMUTABLE = '/_app/immutable/'
/** Files that are fetched at a time: the person reads meanwhile. */
const AT_ONCE = 4
const NAMED = /"(\/_app\/immutable\/[^"]+)"/g

/** Among the codings of a file there is none here: what a browser keeps it has unpacked. */
const ANY = { ignoreVary: true }

export class KeptBuild {
  readonly #caches: CacheStorage
  readonly #fetch: typeof fetch
  readonly #name: string
  readonly #paths: readonly string[]

  constructor(caches: CacheStorage, fetcher: typeof fetch, version: string, paths: readonly string[]) {
    this.#caches = caches
    this.#fetch = fetcher
    this.#name = PREFIX + version
    this.#paths = paths
  }

  /** Keep what is lacking. Raises if anything cannot be had or kept: this build is not there then. */
  async keep(): Promise<void> {
    const cache = await this.#caches.open(this.#name)
    const lacking = await this.#lacking(cache)
    for (let first = 0; first < lacking.length; first += AT_ONCE) {
      await Promise.all(lacking.slice(first, first + AT_ONCE).map((path) => this.#keepFile(cache, path)))
    }
    await cache.put(PAGE, await this.#fetchPage())
  }

  /** Make room: half of a build is of no use. */
  async drop(): Promise<void> {
    await this.#caches.delete(this.#name)
  }

  /** The builds that are not needed any more. A tab may still have the one before this: it finds its late parts there,
   * which the server does not have any more. */
  async dropOlder(): Promise<void> {
    const others = (await this.#caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== this.#name)
    await Promise.all(others.slice(0, -1).map((name) => this.#caches.delete(name)))
  }

  /** undefined if no build has it */
  file(request: Request): Promise<Response | undefined> {
    return this.#caches.match(request, ANY).catch(() => undefined)
  }

  /** The page, which names nobody; null unless all its files are here: without one of them it would stay empty. */
  async page(): Promise<Response | null> {
    try {
      const cache = await this.#caches.open(this.#name)
      const page = await cache.match(PAGE, ANY)
      return page && (await this.#lacking(cache)).length === 0 ? page : null
    } catch {
      return null
    }
  }

  async #lacking(cache: Cache): Promise<readonly string[]> {
    const kept = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname))
    return this.#paths.filter((path) => !kept.has(path))
  }

  async #keepFile(cache: Cache, path: string): Promise<void> {
    const response = await this.#fetch(path)
    if (!response.ok) {
      throw new Error(`${path} is not there`)
    }
    await cache.put(path, response)
  }

  /** Asked for without the session, so that it names nobody. */
  async #fetchPage(): Promise<Response> {
    const response = await this.#fetch(PAGE, {
      credentials: 'omit',
      cache: 'no-cache',
      headers: { Accept: 'text/html' }
    })
    const text = await response.clone().text()
    const named = [...text.matchAll(NAMED)].map(([, path]) => path ?? '')
    if (!response.ok || named.length === 0 || named.some((path) => !this.#paths.includes(path))) {
      throw new Error('The page is of another build')
    }
    return response
  }
}
