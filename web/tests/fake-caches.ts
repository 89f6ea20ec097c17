/** Cache Storage in memory, which can be broken in the ways that browsers break it. */
const ORIGIN = 'https://mail.test'

export class FakeCaches {
  readonly kept = new Map<string, Map<string, Response>>()
  /** raised by whatever reads or writes */
  broken: Error | null = null
  /** raised by whatever writes */
  full: Error | null = null

  open(name: string): Promise<Cache> {
    return this.#sound(() => {
      const files = this.kept.get(name) ?? new Map<string, Response>()
      this.kept.set(name, files)
      return this.#cache(files)
    })
  }

  keys(): Promise<string[]> {
    return this.#sound(() => [...this.kept.keys()])
  }

  delete(name: string): Promise<boolean> {
    return this.#sound(() => this.kept.delete(name))
  }

  match(asked: Request | string): Promise<Response | undefined> {
    return this.#sound(() =>
      [...this.kept.values()]
        .map((files) => files.get(pathOf(asked)))
        .find(Boolean)
        ?.clone()
    )
  }

  get storage(): CacheStorage {
    return this as unknown as CacheStorage
  }

  #cache(files: Map<string, Response>): Cache {
    const cache = {
      match: (asked: Request | string) => this.#sound(() => files.get(pathOf(asked))?.clone()),
      keys: () => this.#sound(() => [...files.keys()].map((path) => new Request(ORIGIN + path))),
      put: (asked: Request | string, response: Response) =>
        this.full ? Promise.reject(this.full) : this.#sound(() => void files.set(pathOf(asked), response))
    }
    return cache as unknown as Cache
  }

  #sound<T>(work: () => T): Promise<T> {
    return this.broken ? Promise.reject(this.broken) : Promise.resolve(work())
  }
}

function pathOf(asked: Request | string): string {
  return typeof asked === 'string' ? asked : new URL(asked.url).pathname
}
