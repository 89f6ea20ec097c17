import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeptOutbox } from '#lib/actions/device/outbox.ts'
import { resolved, type Entry } from '#lib/actions/domain/entry.ts'
import { Mail } from '#lib/state/mail.svelte.ts'
import { patched } from '#lib/store/objects.ts'
import { ModelServer } from './model-server.ts'
import { deliver, opened, type Scene } from './scene.ts'
import { settled, World } from './world.ts'

const METHODS = ['add', 'take', 'withdraw', 'remove'] as const
const open: Scene[] = []

/** Steps of the tab that will be killed: each request and each call of the outbox's database, before and after it. */
class Steps {
  #left: number
  #isDead = false
  /** what a tab that is gone does not hold any more */
  readonly #ends = new AbortController()

  constructor(left: number) {
    this.#left = left
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Never returns once the tab is gone. */
  async step(): Promise<void> {
    this.#left -= 1
    if (this.#left < 0 && !this.#isDead) {
      this.#isDead = true
      this.#ends.abort()
    }
    await (this.#isDead && new Promise<never>(() => undefined))
  }

  around<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
    return async (...args) => {
      await this.step()
      const result = await work(...args)
      await this.step()
      return result
    }
  }

  locks(): LockManager {
    const request = async (name: string, options: LockOptions, work: () => Promise<void>): Promise<void> => {
      const gone = new Promise<void>((resolve) => this.#ends.signal.addEventListener('abort', () => resolve()))
      await navigator.locks.request(name, options, () => Promise.race([work(), gone]))
    }
    return { request, query: () => navigator.locks.query() } as unknown as LockManager
  }
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  vi.restoreAllMocks()
  open.splice(0).forEach(({ mail }) => mail.stop())
})

async function mortal(server: ModelServer, steps: Steps): Promise<Scene> {
  const world = new World()
  const channel = (name: string): BroadcastChannel => new BroadcastChannel(name)
  const fetch = ((input, init) =>
    typeof init?.body === 'string' && init.body.includes('/set')
      ? steps.around(server.fetch)(input, init)
      : server.fetch(input, init)) as typeof server.fetch
  const mail = new Mail(world.ports(fetch, { locks: steps.locks(), channel }))
  mail.show(null)
  await settled()
  const scene = { server, world, mail }
  open.push(scene)
  return scene
}

async function live({ mail, world }: Scene): Promise<void> {
  mail.actions.run({ kind: 'archive' }, ['t1'])
  mail.actions.run({ kind: 'star', on: true }, ['t2'])
  const applied = mail.actions.run({ kind: 'delete' }, ['t3'])
  await world.pass(60)
  applied?.undo()
  mail.actions.run({ kind: 'archive' }, ['t4'])?.undo()
  mail.actions.run({ kind: 'delete' }, ['t5'])
  await world.pass(200)
  mail.actions.run({ kind: 'read', on: true }, ['t2'])
  await world.pass(2_000)
}

/** What this device kept of what the person did, before the tab was gone. */
class Ledger {
  #kept: Entry[] = []

  readonly #notes = {
    add: ([entry]: unknown[]): void => void this.#kept.push(entry as Entry),
    withdraw: ([id, inverse]: unknown[], isWithdrawn: unknown): void => {
      this.#kept = isWithdrawn ? this.#kept.filter((entry) => entry.id !== id) : [...this.#kept, inverse as Entry]
    },
    take: (): void => undefined,
    remove: (): void => undefined
  }

  /** Returns how to end it. */
  watch(steps: Steps): () => void {
    const ends = METHODS.map((method) => {
      // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its object below
      const original = KeptOutbox.prototype[method] as (...args: unknown[]) => Promise<unknown>
      const note = this.#notes[method]
      const spy = vi.spyOn(KeptOutbox.prototype, method)
      spy.mockImplementation(function (this: KeptOutbox, ...args: unknown[]) {
        const work = async (): Promise<unknown> => {
          const result = await original.apply(this, args)
          note(args, result)
          return result
        }
        return steps.around(work)()
      } as never)
      return () => spy.mockRestore()
    })
    return () => ends.forEach((end) => end())
  }

  /** Just that was done: no more, and no less. */
  check(server: ModelServer): void {
    const before = new ModelServer()
    deliver(before, 5)
    const patches = resolved(
      this.#kept.flatMap((entry) => entry.patches),
      new Map(server.mailboxes().map((mailbox) => [mailbox.id, mailbox]))
    )
    for (const [id, email] of before.emails) {
      const wanted = patches.filter(({ emailIds }) => emailIds.includes(id)).reduce(patched, email)
      const { mailboxIds, keywords } = server.emails.get(id) ?? {}
      expect([id, mailboxIds, keywords]).toEqual([id, wanted.mailboxIds, wanted.keywords])
    }
  }
}

async function run(left: number): Promise<Steps> {
  const server = new ModelServer()
  deliver(server, 5)
  const steps = new Steps(left)
  const ledger = new Ledger()
  const end = ledger.watch(steps)
  const scene = await mortal(server, steps)
  await live(scene)
  end()
  const next = await opened(server, null, { locks: navigator.locks, channel: (name) => new BroadcastChannel(name) })
  open.push(next)
  for (let second = 0; second < 30; second += 1) {
    await next.world.pass(1_000)
  }
  ledger.check(server)
  expect(server.mailboxes().filter(({ role }) => role === 'archive').length).toBeLessThan(2)
  expect(next.mail.actions.waiting).toBe(0)
  expect(next.mail.actions.refused).toBeNull()
  expect(Array.from({ length: next.mail.list?.total ?? 0 }, (_, at) => next.mail.list?.row(at)?.emailId)).toEqual(
    server.list('inbox')
  )
  return steps
}

test('a tab that is gone in the middle leaves nothing half done, whenever it was', async () => {
  let isDead = true
  for (let count = 0; isDead && count < 200; count += 1) {
    globalThis.indexedDB = new IDBFactory()
    const steps = await run(count)
    isDead = steps.isDead
    open.splice(0).forEach(({ mail }) => mail.stop())
  }
  expect(isDead).toBe(false)
})
