/** Writes drafts to this device, and says whether it did. */
import { Cache } from '#lib/cache/cache.ts'
import type { KeptChange, KeptDrafts } from '#lib/writing/device/drafts.ts'
import { answered } from '#lib/sync/kept-entries.ts'
import type { Ports } from '#lib/sync/ports.ts'
import type { Session } from '#lib/sync/session.ts'

/** Milliseconds between two tries to open a database that was closed. */
const PAUSE = 3_000

export class DraftDevice {
  /** told that the database was opened anew */
  onreopened: () => void = () => undefined
  /** null where the browser keeps nothing */
  store: KeptDrafts | null
  readonly #ports: Ports
  readonly #reopen: () => Promise<KeptDrafts | null>
  #reopening: Promise<boolean> | null = null
  /** when it was last tried: milliseconds since 1970 */
  #reopensAt = -Infinity
  /** the failure that was reported last: each try fails in the same way, and is reported once */
  #reported = ''

  /** `reopen`: null if it cannot be opened again. */
  constructor(ports: Ports, store: KeptDrafts | null, reopen: () => Promise<KeptDrafts | null> = noStore) {
    this.#ports = ports
    this.store = store
    this.#reopen = reopen
  }

  /** Whether this device wrote it. */
  async keep(id: string, apply: KeptChange): Promise<boolean> {
    if (!this.store) {
      return false
    }
    try {
      await answered(this.#ports, this.store.change(id, apply))
      this.#reported = ''
      return true
    } catch (failure) {
      if (isClosed(failure) && (await this.#isOpenAgain())) {
        return this.keep(id, apply)
      }
      if (String(failure) !== this.#reported) {
        this.#reported = String(failure)
        this.#ports.report(failure)
      }
      return false
    }
  }

  /** A sign-out in another tab deleted the database. If the same person signs in again, it is filled with what this tab has. */
  #isOpenAgain(): Promise<boolean> {
    const now = this.#ports.now()
    if (!this.#reopening && Math.abs(now - this.#reopensAt) < PAUSE) {
      return Promise.resolve(false)
    }
    this.#reopensAt = now
    this.#reopening ??= this.#openAgain().finally(() => (this.#reopening = null))
    return this.#reopening
  }

  async #openAgain(): Promise<boolean> {
    const store = await this.#reopen().catch(() => null)
    if (!store) {
      return false
    }
    this.store = store
    this.onreopened()
    return true
  }
}

function noStore(): Promise<null> {
  return Promise.resolve(null)
}

/** The database is closed, by a sign-out or a newer version of this page in another tab. */
function isClosed(failure: unknown): boolean {
  return failure instanceof DOMException && failure.name === 'InvalidStateError'
}

/** Opens the drafts again, after a sign-out in another tab deleted their database; null if this device keeps nothing. Raises JmapFailure unless the same person is signed in (again). */
export async function openDraftsAgain({ client, isKnown }: Session): Promise<KeptDrafts | null> {
  if (!isKnown) {
    return null
  }
  // Nothing may be written for a person who has signed out, nor into the database of another person.
  await client.connect()
  const cache = await Cache.open(client.owner)
  return (await cache?.drafts()) ?? null
}
