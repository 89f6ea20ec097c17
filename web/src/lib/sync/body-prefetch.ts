/**
 * Bodies of the newest conversations in the inbox, fetched before anybody opens them, so that they can be read offline.
 * One tab does it, while somebody looks at it and nothing else is asked.
 */
import type { EmailBody, GetResponse, Id } from '#lib/jmap/types.ts'
import { expandedAtFirst } from '#lib/store/expanded.ts'
import type { Session } from './session.ts'
import type { SyncLoop } from './sync-loop.ts'
import { keptBody } from './bodies.ts'
import * as calls from './calls.ts'

/** Conversations, octets in an hour, messages of one request. */
const CONVERSATIONS = 30
const MOST_OCTETS = 5_000_000
const AT_ONCE = 10
/** Octets of a part. Nothing is kept of a larger one: it is fetched when it is opened. */
const BODY_OCTETS = 100_000
/** Milliseconds without a change of the list before it begins, and between its requests. */
const IDLE = 5_000
const HOUR = 3_600_000

export class BodyPrefetch {
  readonly #loop: SyncLoop
  readonly #session: Session
  readonly #leads: () => boolean
  /** too large, or the mail server does not have them */
  readonly #without = new Set<Id>()
  #callOff: (() => void) | null = null
  #octets = 0
  #since = 0

  /** `leads`: of all tabs this is the one that does it. */
  constructor(loop: SyncLoop, leads: () => boolean) {
    this.#loop = loop
    this.#session = loop.session
    this.#leads = leads
  }

  /** The list changed, perhaps. */
  wake(): void {
    this.#callOff?.()
    this.#callOff = this.#session.ports.after(IDLE, () => {
      this.#callOff = null
      // A failure is harmless: a body is fetched when it is opened.
      void this.#step().catch(() => undefined)
    })
  }

  stop(): void {
    this.#callOff?.()
  }

  async #step(): Promise<void> {
    const ids = this.#may() ? this.#session.kept.lacking(this.#newest()) : []
    if (ids.length === 0) {
      return
    }
    await this.#fetch(ids.slice(0, AT_ONCE))
    this.wake()
  }

  #may(): boolean {
    const { isKnown, trouble, ports } = this.#session
    if (ports.now() - this.#since > HOUR) {
      this.#since = ports.now()
      this.#octets = 0
    }
    const isIdle = isKnown && !this.#loop.task.running && !trouble && ports.isVisible()
    return isIdle && this.#leads() && !ports.savesData() && this.#octets < MOST_OCTETS
  }

  /** What opening these conversations will show. */
  #newest(): Id[] {
    const { list, objects } = this.#session
    if (objects.mailboxes.get(list?.query.mailboxId ?? '')?.role !== 'inbox') {
      return []
    }
    const threads = new Set<Id>()
    for (let index = 0; index < CONVERSATIONS; index += 1) {
      const threadId = objects.email(list?.emailAt(index, objects) ?? '')?.threadId
      if (threadId !== undefined) {
        threads.add(threadId)
      }
    }
    const emailsOf = (id: Id) => objects.thread(id).flatMap((emailId) => objects.email(emailId) ?? [])
    const ids = [...threads].flatMap((id) => expandedAtFirst(emailsOf(id), new Set()))
    return ids.filter((id) => !this.#without.has(id))
  }

  async #fetch(ids: readonly Id[]): Promise<void> {
    const { client, kept, ports } = this.#session
    const results = await client.run(calls.bodies(ids, BODY_OCTETS))
    const { list, notFound } = results.get<GetResponse<EmailBody>>('get')
    const found = list.map((body) => keptBody(body, BODY_OCTETS, ports.now()))
    this.#octets += found.reduce((sum, { size }) => sum + size, 0)
    const cut = found.filter(({ whole }) => !whole).map(({ id }) => id)
    ;[...cut, ...(notFound ?? [])].forEach((id) => this.#without.add(id))
    kept.keepBodies(found.filter(({ whole }) => whole))
  }
}
