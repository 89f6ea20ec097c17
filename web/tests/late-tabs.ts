/** Tabs that are not in step: what one does reaches the others, the locks, this device and the mail server when it will. */
import { vi } from 'vitest'
import { KeptDrafts } from '#lib/writing/device/drafts.ts'
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import { Mail } from '#lib/state/mail.svelte.ts'
import type { Compose } from '#lib/writing/state/compose.ts'
import type { ModelServer } from './model-server.ts'
import { World } from './world.ts'
import './writing.ts'

const NEVER = new Promise<never>(() => undefined)

export async function turns(count = 25): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly work: () => void
}

/** Time, which all tabs share, and how late things are. */
export class Clock {
  now = Date.UTC(2026, 10, 26, 12)
  /** milliseconds; null: 0 */
  late: ((what: string) => number) | null = null
  readonly #timers = new Set<Timer>()
  #order = 0

  after(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.now + milliseconds, order: this.#order++, work }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  wait(what: string, tab: LateTab | null = null): Promise<void> {
    const milliseconds = this.late?.(what) ?? 0
    return new Promise((resolve) => this.after(milliseconds, () => (tab ? tab.does(resolve) : resolve())))
  }

  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds
    await turns()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.now = Math.max(this.now, next.at)
      this.#timers.delete(next)
      next.work()
      await turns()
    }
    this.now = end
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)))
        first = timer
    }
    return first
  }
}

/** In order, each later than the one before. */
class Line {
  #until = 0
  readonly #clock: Clock
  readonly #what: string

  constructor(clock: Clock, what: string) {
    this.#clock = clock
    this.#what = what
  }

  send(work: () => void): void {
    this.#until = Math.max(this.#until, this.#clock.now + (this.#clock.late?.(this.#what) ?? 0))
    this.#clock.after(this.#until - this.#clock.now, work)
  }
}

interface Request {
  tab: LateTab
  name: string
  granted: () => void
  refused: () => void
  broken: () => void
}

/** The browser's. */
export class Locks {
  readonly held = new Map<string, Request>()
  readonly queues = new Map<string, Request[]>()

  request(request: Request, options: LockOptions): void {
    const { name } = request
    const holder = this.held.get(name)
    if (options.steal) {
      this.held.set(name, request)
      holder?.broken()
      request.granted()
    } else if (holder || this.queues.get(name)?.length) {
      if (options.ifAvailable) request.refused()
      else this.queues.set(name, [...(this.queues.get(name) ?? []), request])
    } else {
      this.held.set(name, request)
      request.granted()
    }
  }

  leave(request: Request): void {
    const { name } = request
    this.queues.set(
      name,
      (this.queues.get(name) ?? []).filter((one) => one !== request)
    )
    if (this.held.get(name) === request) {
      this.held.delete(name)
      const [next] = this.queues.get(name) ?? []
      if (next) {
        this.queues.get(name)?.shift()
        this.held.set(name, next)
        next.granted()
      }
    }
  }

  gone(tab: LateTab): void {
    const all = [...this.queues.values()].flat().filter((one) => one.tab === tab)
    all.forEach((one) => this.leave(one))
    ;[...this.held.values()].filter((one) => one.tab === tab).forEach((one) => this.leave(one))
  }
}

export class Browser {
  readonly clock = new Clock()
  readonly locks = new Locks()
  readonly tabs: LateTab[] = []
  readonly stores = new Map<KeptDrafts, LateTab>()
  /** what this device kept */
  onkept: (kept: KeptDraft) => void = () => undefined
  trace: string[] | null = null

  readonly server: ModelServer

  constructor(server: ModelServer) {
    this.server = server
    server.now = () => this.clock.now
    /* eslint-disable @typescript-eslint/unbound-method -- they are called with their object below */
    const { all, change } = KeptDrafts.prototype
    /* eslint-enable @typescript-eslint/unbound-method */
    const { stores, clock, tabs } = this
    const wrote = (tab: LateTab | null, found: KeptDraft | null, next: KeptDraft | null): void => {
      if (next) this.onkept(next)
      this.say(`${tab?.name ?? ''} writes ${brief(found)} -> ${brief(next)}`)
    }
    const last = new WeakMap<KeptDrafts, Promise<undefined>>()
    vi.spyOn(KeptDrafts.prototype, 'all').mockImplementation(function (this: KeptDrafts) {
      if (!stores.has(this)) stores.set(this, tabs.at(-1) as LateTab)
      return all.call(this)
    })
    vi.spyOn(KeptDrafts.prototype, 'change').mockImplementation(async function (this: KeptDrafts, id, apply) {
      const tab = stores.get(this) ?? null
      // A browser tells a tab of its transactions in the order in which it began them.
      const before = last.get(this)
      const { promise, resolve } = Promise.withResolvers<undefined>()
      last.set(this, promise)
      await before
      await clock.wait('write', tab)
      await change.call(this, id, (found, left) => {
        const next = apply(found, left)
        wrote(tab, found, next)
        return next
      })
      await clock.wait('written', tab)
      setImmediate(() => resolve(undefined))
    })
  }

  say(what: string): void {
    this.trace?.push(`${this.clock.now % 100_000_000} ${what}`)
  }

  async tab(name = `tab${this.tabs.length}`): Promise<LateTab> {
    const tab = new LateTab(this, name)
    this.tabs.push(tab)
    const { late } = this.clock
    const { interrupt } = this.server
    this.clock.late = null
    this.server.interrupt = () => null
    tab.mail.show(null)
    await this.clock.pass(5)
    const composing = tab.mail.compose()
    await this.clock.pass(5)
    tab.compose = await composing
    this.server.interrupt = interrupt
    this.clock.late = late
    await this.clock.pass(20)
    return tab
  }

  get alive(): LateTab[] {
    return this.tabs.filter((tab) => !tab.isDead)
  }
}

function brief(kept: KeptDraft | null): string {
  if (!kept) return 'nothing'
  const { id, writer, revision, draft, closed, discardedAt, stored, storing, sending, conflict } = kept
  return `${id} by ${writer} r${revision} "${draft.text.slice(-24)}"${closed ? ' closed' : ''}${discardedAt === null ? '' : ' discarded'} stored ${stored?.revision ?? '-'}${storing ? ' storing' : ''}${sending ? ` ${sending.step}${sending.undo ? ' undo' : ''} of ${sending.owner}` : ''}${conflict ? ` conflict ${conflict}` : ''}`
}

interface Receiver {
  tab: LateTab
  name: string
  hear: (event: MessageEvent) => void
  lines: Map<LateTab, Line>
}

const receivers = new Set<Receiver>()

export class LateTab {
  readonly world = new World()
  readonly mail: Mail
  compose!: Compose
  isDead = false
  isFrozen = false
  readonly #held: (() => void)[] = []
  readonly #toLocks: Line
  readonly #fromLocks: Line

  readonly browser: Browser
  readonly name: string

  constructor(browser: Browser, name: string) {
    this.browser = browser
    this.name = name
    const { clock, server } = browser
    this.#toLocks = new Line(clock, 'lock')
    this.#fromLocks = new Line(clock, 'grant')
    const plain = this.world.ports(server.fetch)
    const network = async <T>(work: () => Promise<T>): Promise<T> => {
      await clock.wait('request', this)
      const result = await work().then(
        (value) => ({ value }),
        (failure: unknown) => ({ failure })
      )
      await clock.wait('response', this)
      if ('failure' in result) throw result.failure
      return result.value
    }
    this.mail = new Mail({
      ...plain,
      now: () => clock.now,
      fetch: (input, init) => network(() => plain.fetch(input, init)),
      upload: (options) => network(() => server.blobs.upload(options)),
      after: (milliseconds, work) => this.#after(milliseconds, work),
      locks: this.#locks(),
      channel: (name) => this.#channel(name)
    })
  }

  does(work: () => void): void {
    if (this.isDead) return
    if (this.isFrozen) this.#held.push(work)
    else work()
  }

  freeze(): void {
    this.isFrozen = true
  }

  thaw(): void {
    this.isFrozen = false
    this.#held.splice(0).forEach((work) => this.browser.clock.after(0, () => this.does(work)))
  }

  /** It is killed, with all that it had in memory. */
  end(): void {
    this.isDead = true
    for (const one of receivers) if (one.tab === this) receivers.delete(one)
    this.browser.locks.gone(this)
  }

  /** A timer that ended while the tab was frozen can be called off as long as the tab has not heard of it. */
  #after(milliseconds: number, work: () => void): () => void {
    let isOff = false
    const callOff = this.browser.clock.after(milliseconds, () => this.does(() => isOff || work()))
    return () => {
      isOff = true
      callOff()
    }
  }

  #locks(): LockManager {
    const { locks } = this.browser
    const request = (name: string, options: LockOptions, work: (lock: Lock | null) => Promise<unknown>) =>
      new Promise((resolve, reject) => {
        const abort = (): void => reject(new DOMException('aborted', 'AbortError'))
        const said = (work2: () => void): void => this.#fromLocks.send(() => this.does(work2))
        let state: 'asked' | 'held' | 'over' = 'asked'
        const one: Request = {
          tab: this,
          name,
          granted: () =>
            said(() => {
              if (state === 'over') return
              state = 'held'
              this.browser.say(`${this.name} has ${name}`)
              const done = (): void => {
                if (state !== 'over') this.#toLocks.send(() => locks.leave(one))
              }
              work({ name, mode: 'exclusive' }).finally(done).then(resolve, reject)
            }),
          refused: () => said(() => void work(null).then(resolve, reject)),
          broken: () =>
            said(() => {
              state = 'over'
              this.browser.say(`${this.name} lost ${name}`)
              abort()
            })
        }
        options.signal?.addEventListener('abort', () => {
          if (state !== 'asked') return
          state = 'over'
          this.#toLocks.send(() => locks.leave(one))
          abort()
        })
        this.#toLocks.send(() => {
          if (!this.isDead) locks.request(one, options)
        })
      })
    return { request, query: () => NEVER } as unknown as LockManager
  }

  #channel(name: string): BroadcastChannel {
    const receiver: Receiver = { tab: this, name, hear: () => undefined, lines: new Map() }
    receivers.add(receiver)
    const channel = {
      addEventListener: (_: string, hear: Receiver['hear']) => {
        receiver.hear = hear
      },
      removeEventListener: () => undefined,
      postMessage: (data: unknown) => {
        if (this.isDead) return
        const copy: unknown = structuredClone(data)
        for (const other of receivers) {
          if (other === receiver || other.name !== name) continue
          const line = other.lines.get(this) ?? new Line(this.browser.clock, 'message')
          other.lines.set(this, line)
          line.send(() => other.tab.does(() => other.hear({ data: copy } as MessageEvent)))
        }
      },
      close: () => receivers.delete(receiver)
    }
    return channel as unknown as BroadcastChannel
  }
}
