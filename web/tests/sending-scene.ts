/** Tabs of one browser that send messages, in the hands of a test. All have one clock, which is the mail server's, too. */
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach } from 'vitest'
import type { KeptChange, KeptDrafts } from '#lib/writing/device/drafts.ts'
import { EMPTY, newlyKept, type Draft } from '#lib/writing/domain/draft.ts'
import { Session } from '#lib/sync/session.ts'
import { SyncLoop } from '#lib/sync/sync-loop.ts'
import { DraftDevice } from '#lib/writing/sync/draft-device.ts'
import { DraftStoring } from '#lib/writing/sync/draft-storing.ts'
import { Drafts } from '#lib/writing/sync/drafts.ts'
import { Sendings } from '#lib/writing/sync/sending.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

const open = new Set<SendingTab>()

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  open.forEach((tab) => tab.kill())
  open.clear()
})

export const TO = { name: 'Ann', address: 'ann@example.net' }

export interface Browser {
  readonly server: ModelServer
  readonly world: World
}

export function browser(server = new ModelServer()): Browser {
  const world = new World()
  server.sending.clock = () => world.time
  return { server, world }
}

const NEVER = new Promise<never>(() => undefined)

export class SendingTab {
  readonly session: Session
  readonly loop: SyncLoop
  /** what the person was told */
  readonly told: string[] = []
  readonly answered: string[] = []
  drafts!: Drafts
  storing!: DraftStoring
  sendings!: Sendings
  /** it does nothing, and keeps what it has */
  #thaw: (() => void) | null = null
  #frozen: Promise<void> = Promise.resolve()
  #isDead = false
  readonly #end = new AbortController()

  constructor({ server, world }: Browser, hasLocks = true) {
    const channel = (name: string): BroadcastChannel => new BroadcastChannel(name)
    const plain = world.ports(server.fetch, { locks: hasLocks ? this.#locks() : null, channel })
    this.session = new Session({
      ...plain,
      fetch: async (input, init) => {
        await this.#alive()
        const response = await server.fetch(input, init)
        await this.#alive()
        return response
      },
      after: (milliseconds, work) => plain.after(milliseconds, () => void this.#alive().then(work))
    })
    this.loop = new SyncLoop(this.session)
  }

  /** Its page is loaded. `before` the engine of writing is, other parts may be there. */
  async begin(before: (session: Session) => unknown = () => undefined): Promise<this> {
    const { session } = this
    open.add(this)
    void this.loop.hint()
    await settled()
    await session.restored
    this.drafts = new Drafts(session.ports, this.#device(await session.kept.drafts()), session.kept.name)
    await this.drafts.read()
    before(session)
    await settled()
    this.storing = new DraftStoring(session, this.drafts)
    this.sendings = new Sendings(session, this.drafts, (id) => this.storing.end(id))
    this.sendings.onsent = (_, { subject }) => this.told.push(`sent ${subject}`)
    this.sendings.onfailed = (_, { code }) => this.told.push(code)
    this.sendings.onreturned = () => this.told.push('returned')
    this.sendings.onanswered = ({ kind, emailId }) => this.answered.push(`${kind} ${emailId}`)
    this.sendings.resume()
    await settled()
    return this
  }

  /** A message is written. */
  async write(values: Partial<Draft> = {}): Promise<string> {
    const id = this.session.ports.unique()
    const now = this.session.ports.now()
    const draft: Draft = { ...EMPTY, format: 'plain', subject: 'Pallets', text: 'Dear Ann', to: [TO], ...values }
    this.drafts.open(newlyKept(id, draft, { writer: this.drafts.tab, now }))
    this.drafts.type(id, draft)
    this.storing.storeSoon(id)
    await settled()
    return id
  }

  /** It is gone, with all that it had in memory; what it asked for still reaches the server. */
  kill(): void {
    open.delete(this)
    this.#isDead = true
    this.#end.abort()
    this.sendings.stop()
    this.loop.stop()
  }

  freeze(): void {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#frozen = promise
    this.#thaw = () => resolve(undefined)
  }

  thaw(): void {
    this.#thaw?.()
    this.#frozen = Promise.resolve()
  }

  async #alive(): Promise<void> {
    await this.#frozen
    await (this.#isDead && NEVER)
  }

  #device(store: KeptDrafts | null): DraftDevice {
    if (!store) {
      return new DraftDevice(this.session.ports, null)
    }
    const change = async (id: string, how: KeptChange): Promise<void> => {
      await this.#alive()
      await store.change(id, how)
      await this.#alive()
    }
    const mortal = { all: () => store.all(), copied: () => store.copied(), change } as unknown as KeptDrafts
    return new DraftDevice(this.session.ports, mortal)
  }

  /** A frozen tab keeps its locks; one that is gone has none. */
  #locks(): LockManager {
    const request = async (name: string, ...rest: unknown[]): Promise<unknown> => {
      const work = rest.pop() as (lock: Lock | null) => Promise<unknown>
      const gone = new Promise((resolve) => this.#end.signal.addEventListener('abort', () => resolve(undefined)))
      const options = (rest[0] ?? {}) as LockOptions
      return navigator.locks.request(name, options, (lock) =>
        this.#isDead ? undefined : Promise.race([work(lock), gone])
      )
    }
    return { request, query: () => navigator.locks.query() }
  }
}

export function tab(scene: Browser, hasLocks = true, before?: (session: Session) => unknown): Promise<SendingTab> {
  return new SendingTab(scene, hasLocks).begin(before)
}

/** Subjects of what lies in a mailbox. */
export function within({ server }: Browser, mailbox: string): (string | null)[] {
  return [...server.emails.values()].filter(({ mailboxIds }) => mailboxIds[mailbox]).map(({ subject }) => subject)
}

/** Subjects of what its recipients have. */
export function received({ server }: Browser): string[] {
  server.sending.run()
  return server.sending.delivered.map(({ subject }) => subject)
}

/** Time passes, and tabs hear each other. */
export async function pass({ world }: Browser, milliseconds: number, step = 1_000): Promise<void> {
  for (let left = milliseconds; left > 0; left -= step) {
    await world.pass(Math.min(step, left))
    await heard()
  }
}

/** A BroadcastChannel of Node delivers by a macrotask that setImmediate does not wait for. */
async function heard(): Promise<void> {
  const channel = new BroadcastChannel('echo')
  const other = new BroadcastChannel('echo')
  await new Promise((resolve) => {
    other.onmessage = resolve
    channel.postMessage(null)
  })
  channel.close()
  other.close()
  await settled()
}
