/** The actions that the mail server has not confirmed, as this device keeps them. */
import type { Cache } from '#lib/cache/cache.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import type { Ports } from './ports.ts'

/** Milliseconds. Some browsers never answer: a damaged profile, a private window, a deletion that another tab delays. */
const PATIENCE = 5_000

export class KeptEntries {
  readonly #ports: Ports
  readonly #cache: () => Cache | null

  constructor(ports: Ports, cache: () => Cache | null) {
    this.#ports = ports
    this.#cache = cache
  }

  /** Whether it is kept. Raises what the browser says if it cannot be. */
  async add(entry: Entry): Promise<boolean> {
    const cache = this.#cache()
    if (!cache) {
      return false
    }
    await this.#answered(cache.addEntry(entry))
    return true
  }

  /** Whether it is kept, by this tab or the one that did it. Raises what the browser says if it cannot be. */
  async addMissing(entry: Entry, isWanted: () => boolean): Promise<boolean> {
    const cache = this.#cache()
    await (cache && this.#answered(cache.outbox.addMissing(entry, isWanted)))
    return cache !== null
  }

  /** Whether nobody had attempted it: then it is as if it had never been. Else `inverse` is kept. */
  async withdraw(id: string, inverse: Entry): Promise<boolean> {
    const cache = this.#cache()
    return cache !== null && this.#answered(cache.outbox.withdraw(id, inverse))
  }

  /** All that are kept, of all tabs. From now on they count as attempted. Null where nothing can be kept or read. */
  async take(): Promise<Entry[] | null> {
    const cache = this.#cache()
    return cache && this.#answered(cache.outbox.take()).catch(() => null)
  }

  async remove(ids: ReadonlySet<string>): Promise<void> {
    const cache = this.#cache()
    // What stays is looked at before it is sent again.
    await (cache && this.#answered(cache.outbox.remove(ids)).catch(() => undefined))
  }

  #answered<T>(work: Promise<T>): Promise<T> {
    return answered(this.#ports, work)
  }
}

/** Raises if there is no answer: neither mail nor what the person did waits for a database. */
export function answered<T>(ports: Pick<Ports, 'after'>, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = ports.after(PATIENCE, () => reject(new DOMException('no answer', 'TimeoutError')))
    work.finally(callOff).then(resolve, reject)
  })
}
