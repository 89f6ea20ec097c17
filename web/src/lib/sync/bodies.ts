/** Bodies of messages: from memory, from this device, else from the mail server. The body of an Email never changes. */
import type { KeptBody } from '#lib/cache/cache.ts'
import type { EmailBody, GetResponse, Id } from '#lib/jmap/types.ts'
import type { Session } from './session.ts'
import * as calls from './calls.ts'

/** In memory, each up to 1 MB; of the open conversation as many as are unfolded. */
const MOST = 64

export interface LoadedBody {
  readonly body: EmailBody
  /** nothing of it was left out */
  readonly whole: boolean
}

export class Bodies {
  readonly #session: Session
  readonly #loaded = new Map<Id, LoadedBody>()
  /** ids, and the octets up to which they are wanted */
  readonly #wanted = new Map<Id, number>()
  readonly #missing = new Set<Id>()
  readonly #coming = new Map<Id, Promise<unknown>>()

  constructor(session: Session) {
    this.#session = session
  }

  get(id: Id): LoadedBody | undefined {
    return this.#loaded.get(id)
  }

  /** The mail server has the message no more. */
  isMissing(id: Id): boolean {
    return this.#missing.has(id)
  }

  /** Returns whether it must be fetched. */
  want(id: Id, octets: number): boolean {
    const loaded = this.#loaded.get(id)
    const lacks = !loaded || (octets > calls.BODY_OCTETS && !loaded.whole)
    if (lacks) {
      this.#wanted.set(id, octets)
    }
    return lacks
  }

  wantNone(): void {
    this.#wanted.clear()
  }

  /** Fetch bodies that will probably be wanted. A failure is harmless: they are fetched when they are. */
  async prefetch(ids: readonly Id[]): Promise<void> {
    const lacking = ids.filter((id) => !this.#loaded.has(id) && !this.#missing.has(id) && !this.#coming.has(id))
    if (lacking.length > 0) {
      const coming = this.#recallOrAsk(lacking)
      lacking.forEach((id) => this.#coming.set(id, coming))
      await coming.finally(() => lacking.forEach((id) => this.#coming.delete(id)))
    }
  }

  async #recallOrAsk(ids: readonly Id[]): Promise<void> {
    const { kept } = this.#session
    const recalled = kept.probablyHasBody(ids) ? await kept.bodies(ids) : []
    recalled.forEach((found) => this.#load(found))
    const others = ids.filter((id) => !this.#loaded.has(id))
    if (others.length > 0) {
      await this.#ask(others, calls.BODY_OCTETS)
    }
  }

  /** What this device has of the wanted. */
  async recall(): Promise<void> {
    if (this.#wanted.size === 0) {
      return
    }
    const kept = await this.#session.kept.bodies([...this.#wanted.keys()])
    kept
      .filter(({ id, whole }) => whole || this.#wanted.get(id) === calls.BODY_OCTETS)
      .forEach((found) => this.#load(found))
  }

  /** The wanted, from this device or the mail server. Nobody waits for a device that probably has nothing: reading it takes
   * longer than the mail server does. Raises JmapFailure. */
  async load(): Promise<void> {
    const recalled = this.recall()
    if (this.#session.kept.probablyHasBody([...this.#wanted.keys()])) {
      await recalled
    }
    await Promise.all([recalled, this.fetch()])
  }

  /** Ask the mail server for the wanted. Raises JmapFailure. */
  async fetch(): Promise<void> {
    const sizes = new Set(this.#wanted.values())
    await Promise.all([...sizes].map((octets) => this.#fetch(octets)))
  }

  async #fetch(octets: number): Promise<void> {
    const ids = [...this.#wanted].filter(([, most]) => most === octets).map(([id]) => id)
    const coming = ids.flatMap((id) => this.#coming.get(id) ?? [])
    // Only then: what is asked for in one turn shares a request.
    if (coming.length > 0) {
      await Promise.allSettled(coming)
    }
    const lacking = ids.filter((id) => this.#wanted.has(id))
    if (lacking.length > 0) {
      await this.#ask(lacking, octets)
    }
  }

  async #ask(ids: readonly Id[], octets: number): Promise<void> {
    const results = await this.#session.client.run(calls.bodies(ids, octets))
    const { list, notFound } = results.get<GetResponse<EmailBody>>('get')
    const now = this.#session.ports.now()
    const loaded = list.map((body) => keptBody(body, octets, now))
    loaded.forEach((found) => this.#load(found))
    this.#session.kept.keepBodies(loaded)
    for (const id of notFound ?? []) {
      this.#missing.add(id)
      this.#wanted.delete(id)
    }
  }

  #load({ id, body, whole }: KeptBody): void {
    this.#wanted.delete(id)
    this.#loaded.delete(id)
    this.#loaded.set(id, { body, whole })
    this.#makeRoom()
    this.#session.changed('reader')
  }

  /** What the open conversation shows stays: nobody would ask for it again. */
  #makeRoom(): void {
    const { objects, openThread } = this.#session
    const open = new Set(objects.thread(openThread ?? ''))
    const old = [...this.#loaded.keys()].filter((id) => !open.has(id))
    old.slice(0, Math.max(0, this.#loaded.size - MOST)).forEach((id) => this.#loaded.delete(id))
  }
}

/** A body of which up to so many octets of each part were asked for. */
export function keptBody(body: EmailBody, octets: number, now: number): KeptBody {
  const values = Object.values(body.bodyValues)
  const whole = octets > calls.BODY_OCTETS || !values.some(({ isTruncated }) => isTruncated)
  const size = values.reduce((sum, { value }) => sum + value.length, 0)
  return { id: body.id, body, whole, usedAt: now, size }
}
