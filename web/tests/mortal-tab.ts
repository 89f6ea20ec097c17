/** A tab that can be gone at any moment, with all that it had in memory: it asks for nothing more, and keeps no lock. */
import { Mail } from '#lib/state/mail.svelte.ts'
import type { Compose, Composition } from '#lib/writing/state/compose.ts'
import { afterEach } from 'vitest'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

const NEVER = new Promise<never>(() => undefined)

export class MortalTab {
  readonly world = new World()
  readonly mail: Mail
  readonly server: ModelServer
  readonly #end = new AbortController()
  /** It is gone after so many steps: one before and one after each request that changes something, and each write of this device. */
  stepsLeft = Infinity
  compose!: Compose

  constructor(server: ModelServer, time: number) {
    this.server = server
    this.world.time = time
    const plain = this.world.ports(server.fetch)
    this.mail = new Mail({
      ...plain,
      fetch: async (input, init) => {
        const isStep = typeof init?.body === 'string' && init.body.includes('/set')
        return this.around(() => plain.fetch(input, init), isStep)
      },
      upload: async (options) => {
        const response = await server.blobs.upload(options)
        return this.isDead ? NEVER : response
      },
      after: (milliseconds, work) => plain.after(milliseconds, () => (this.isDead ? undefined : work())),
      locks: this.#locks(),
      channel: (name) => this.#channel(name)
    })
  }

  /** Resolves once it is gone. */
  get gone(): Promise<void> {
    return new Promise((resolve) => this.#end.signal.addEventListener('abort', () => resolve()))
  }

  get isDead(): boolean {
    return this.#end.signal.aborted
  }

  /** Never returns once the tab is gone. */
  async around<T>(work: () => Promise<T>, isStep = true): Promise<T> {
    await this.#step(isStep)
    const result = await work()
    await this.#step(isStep)
    return result
  }

  async #step(isStep: boolean): Promise<void> {
    this.stepsLeft -= Number(isStep)
    if (this.stepsLeft < 0) this.kill()
    await (this.isDead && NEVER)
  }

  async begin(): Promise<this> {
    this.mail.show(null)
    await settled()
    this.compose = await this.mail.compose()
    await settled()
    return this
  }

  kill(): void {
    if (!this.isDead) this.#end.abort()
  }

  #locks(): LockManager {
    const { signal } = this.#end
    const request = async (
      name: string,
      options: LockOptions,
      work: (lock: Lock | null) => Promise<unknown>
    ): Promise<unknown> => {
      const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      const result = await navigator.locks
        .request(name, options, (lock) => (signal.aborted ? null : Promise.race([work(lock), gone])))
        .catch((failure: unknown) => (this.isDead ? NEVER : Promise.reject(failure as Error)))
      return this.isDead ? NEVER : result
    }
    return { request, query: () => navigator.locks.query() } as unknown as LockManager
  }

  #channel(name: string): BroadcastChannel {
    const channel = new BroadcastChannel(name)
    const { signal } = this.#end
    signal.addEventListener('abort', () => channel.close())
    const post = channel.postMessage.bind(channel)
    channel.postMessage = (message) => {
      if (!signal.aborted) post(message)
    }
    return channel
  }
}

/** What one tab says reaches the others: a BroadcastChannel of Node delivers by a macrotask that nothing waits for. */
export async function told(): Promise<void> {
  const [channel, other] = [new BroadcastChannel('echo'), new BroadcastChannel('echo')]
  await new Promise((resolve) => {
    other.onmessage = resolve
    channel.postMessage(null)
  })
  channel.close()
  other.close()
  await settled()
}

const tabs = new Set<MortalTab>()

afterEach(() => {
  tabs.forEach((tab) => tab.kill())
  tabs.clear()
})

/** One that ends with the test, whose clock is the mail server's, too. */
export function mortal(server = new ModelServer(), time = Date.UTC(2026, 10, 26, 12)): Promise<MortalTab> {
  const tab = new MortalTab(server, time)
  tabs.add(tab)
  server.now = () => tab.world.time
  return tab.begin()
}

export async function written({ compose }: MortalTab, text: string): Promise<Composition> {
  const draft = await compose.start({ kind: 'new' })
  draft.change({ format: 'plain', html: '', text })
  return draft
}
