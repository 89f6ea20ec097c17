/** What the service worker answers: the page of mail while nobody else does, and files of the builds that it keeps. */
import { IMMUTABLE, PAGE, type KeptBuild } from './build.ts'
import type { PersonHere } from './person.ts'

/** Milliseconds for which the service's page is waited for, if there is one here. */
export const PATIENCE = 2_000

/** Below the pages, but for programs. */
const NOT_A_PAGE = '/mail/config-v1.1.xml'
const PERSON = /<meta name="postroom-person" content="([\w-]+)"/
const HEAD = '<head>'

export interface Surroundings {
  readonly fetch: typeof fetch
  readonly origin: string
  readonly build: KeptBuild
  readonly person: PersonHere
  /** Resolves after so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>
}

export interface Handled {
  readonly response: Promise<Response>
  /** what is still to be done once it is answered */
  readonly rest: Promise<unknown>
}

export class Worker {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Raises if not all of the build can be kept: the browser then stays with the worker before this. */
  async install(): Promise<void> {
    const { build } = this.#around
    try {
      // A cache of this build, kept from before a roll-back, would count as older than the build that it replaces now.
      await build.drop()
      await build.keep()
    } catch (failure) {
      await build.drop().catch(() => undefined)
      throw failure
    }
  }

  async activate(): Promise<void> {
    await this.#around.build.dropOlder().catch(() => undefined)
  }

  /** A page was opened: what the browser has lost of this build since is fetched again. */
  async mend(): Promise<void> {
    await this.#around.build.keep().catch(() => undefined)
  }

  /** null for all that is not ours to answer, such as every call of an interface for programs. `preloaded`: what the
   * browser has asked for while the worker started. */
  handle(request: Request, preloaded: Promise<unknown> = Promise.resolve()): Handled | null {
    const { pathname, origin } = new URL(request.url)
    if (request.method !== 'GET' || origin !== this.#around.origin) {
      return null
    }
    if (request.mode === 'navigate') {
      return isPage(pathname) ? this.#page(request, preloaded) : null
    }
    return pathname.startsWith(IMMUTABLE) ? { response: this.#file(request), rest: Promise.resolve() } : null
  }

  /** `reload`: the page cannot use the file that is kept (`refetch.ts`). */
  async #file(request: Request): Promise<Response> {
    const kept = request.cache === 'reload' ? undefined : await this.#around.build.file(request)
    return kept ?? this.#around.fetch(request)
  }

  /** The service's, which is of its newest build and names whose session it is, unless that takes too long. */
  #page(request: Request, preloaded: Promise<unknown>): Handled {
    const asked = preloaded.then((response) => (response as Response | undefined) ?? this.#around.fetch(request))
    const answered = asked.then((response) => (response.status < 500 ? response : null)).catch(() => null)
    const inTime = Promise.race([answered, this.#around.pause(PATIENCE).then(() => null)])
    const response = inTime.then(async (page) => page ?? (await this.#keptPage()) ?? asked)
    // Copied before anybody reads it.
    const learnt = answered.then((page) => this.#learn(page?.clone()))
    return { response, rest: Promise.allSettled([learnt, response]) }
  }

  /** Whom the service names now, or that it names nobody. */
  async #learn(page: Response | undefined): Promise<void> {
    if (page?.ok && page.headers.get('Content-Type')?.startsWith('text/html')) {
      await this.#around.person.is(PERSON.exec(await page.text())?.[1] ?? null)
    }
  }

  async #keptPage(): Promise<Response | null> {
    const page = await this.#around.build.page()
    const person = page && (await this.#around.person.id())
    if (!page || person === null) {
      return page
    }
    const html = await page.text()
    const named = `${HEAD}<meta name="postroom-person" content="${person}" />`
    return new Response(html.replace(HEAD, named), { headers: headersOf(page) })
  }
}

/** Those of the text as it is here, unpacked. */
function headersOf(page: Response): Headers {
  const headers = new Headers(page.headers)
  for (const name of ['Content-Encoding', 'Content-Length', 'ETag']) {
    headers.delete(name)
  }
  headers.set('Cache-Control', 'no-store')
  return headers
}

function isPage(path: string): boolean {
  return (path === PAGE || path.startsWith(`${PAGE}/`)) && path !== NOT_A_PAGE
}
