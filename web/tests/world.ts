/** The world outside of the engine, in the hands of a test: time, the network, tabs. */
import type { Ports, LanguagePort } from '#lib/sync/ports.ts'
// Loaded before: a test's clock does not wait for a file.
import '#lib/cache/adoption.ts'
import '#lib/writing/device/drafts.ts'
import '#lib/cache/eviction.ts'
import '#lib/search/device/searches.ts'
import '#lib/sync/body-prefetch.ts'
import '#lib/actions/sync/bulk.ts'
import '#lib/actions/sync/email-set.ts'
import '#lib/sync/late-index.ts'

let uniques = 0

export class ModelLanguage implements LanguagePort {
  unsaved: string | null = null
  spoken = 'en'

  saved(): void {
    this.unsaved = null
  }

  adopt(language: string): void {
    this.spoken = language
  }

  roleName(role: string): string {
    return `The ${role}`
  }
}

export class World {
  time = Date.UTC(2026, 10, 26, 12)
  visible = true
  /** Most tests count requests: nothing is fetched ahead of its use. */
  savesData = true
  /** to whom the service sent the page */
  person: string | null = null
  reloads = 0
  /** how often the browser was asked to delete nothing */
  persisted = 0
  readonly mistakes: unknown[] = []
  readonly language = new ModelLanguage()
  readonly #timers = new Set<{ at: number; work: () => void }>()
  readonly #returns = new Set<() => void>()
  readonly #hides = new Set<() => void>()
  readonly #leaves = new Set<() => void>()

  ports(fetch: Ports['fetch'], tabs: Partial<Pick<Ports, 'locks' | 'channel' | 'upload'>> = {}): Ports {
    return {
      fetch,
      now: () => this.time,
      random: () => 0.5,
      unique: () => `u${(uniques += 1)}`,
      after: (milliseconds, work) => this.#after(milliseconds, work),
      origin: 'https://mail.test',
      takePerson: () => this.person,
      reload: () => {
        this.reloads += 1
      },
      locks: null,
      channel: null,
      isVisible: () => this.visible,
      savesData: () => this.savesData,
      onReturn: (work) => {
        this.#returns.add(work)
        return () => this.#returns.delete(work)
      },
      onHide: (work) => {
        this.#hides.add(work)
        return () => this.#hides.delete(work)
      },
      onLeave: (work) => {
        this.#leaves.add(work)
        return () => this.#leaves.delete(work)
      },
      persist: () => {
        this.persisted += 1
      },
      report: (mistake) => this.mistakes.push(mistake),
      language: this.language,
      ...tabs
    }
  }

  #after(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.time + milliseconds, work }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** The person shows the tab again. */
  return(): void {
    this.visible = true
    this.#returns.forEach((work) => work())
  }

  hide(): void {
    this.visible = false
    this.#hides.forEach((work) => work())
  }

  /** The tab is closed, or the page loaded anew. */
  leave(): void {
    this.#leaves.forEach((work) => work())
  }

  /** Let time pass, and all that it sets off. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    await settled()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      // A timer of a device that slept is late; time never goes back.
      this.time = Math.max(this.time, next.at)
      this.#timers.delete(next)
      next.work()
      await settled()
    }
    this.time = end
  }

  #next(end: number): { at: number; work: () => void } | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)[0]
  }
}

/** Responses of the model server and of the database take a few turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
