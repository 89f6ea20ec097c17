/**
 * Whom the service named last in this browser. The page that is shown while nobody answers names them again, so that it
 * shows what the browser keeps of their mail (docs/decisions/0032).
 */
const PERSON_CACHE = 'postroom-person'
const AT = '/mail/person'

/** Milliseconds. A device that lay about for longer than most sessions last shows nothing until somebody answers. */
const LONGEST = 30 * 24 * 60 * 60 * 1000

interface Named {
  readonly id: string
  /** milliseconds since 1970 */
  readonly at: number
}

export class PersonHere {
  readonly #caches: CacheStorage
  readonly #now: () => number

  constructor(caches: CacheStorage, now: () => number) {
    this.#caches = caches
    this.#now = now
  }

  /** null: the service named nobody since, or too long ago; or the browser keeps nothing. */
  async id(): Promise<string | null> {
    try {
      const kept = await (await this.#caches.open(PERSON_CACHE)).match(AT)
      const named = kept ? ((await kept.json()) as Named) : null
      const age = named ? this.#now() - named.at : LONGEST
      return named && Math.abs(age) < LONGEST ? named.id : null
    } catch {
      return null
    }
  }

  /** The service says that this person is signed in; null: that nobody is. */
  async is(id: string | null): Promise<void> {
    try {
      if (id === null) {
        await this.#caches.delete(PERSON_CACHE)
        return
      }
      const named: Named = { id, at: this.#now() }
      await (await this.#caches.open(PERSON_CACHE)).put(AT, Response.json(named))
    } catch {
      // A full disk may keep the name of somebody else: better none.
      await this.#caches.delete(PERSON_CACHE).catch(() => false)
    }
  }
}
