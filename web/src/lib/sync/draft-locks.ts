/** Which tab writes a draft: the one that holds its lock. Without locks, which need TLS, the tabs ask each other. */
import { REFUSED } from '#lib/live/pause.ts'
import type { Drafts } from './drafts.ts'
import type { Ports } from './ports.ts'

/** Milliseconds in which another tab says that it writes a draft; one that is frozen says nothing. */
const PATIENCE = 200

interface Message {
  readonly asked?: string
  readonly mine?: string
}

export class DraftLocks {
  /** told that another tab took it */
  onlost: (id: string) => void = () => undefined
  readonly #ports: Ports
  readonly #drafts: Drafts
  readonly #held = new Map<string, () => void>()
  readonly #queued = new Map<string, AbortController>()
  readonly #asked = new Map<string, () => void>()
  readonly #channel: BroadcastChannel | null

  constructor(ports: Ports, drafts: Drafts) {
    this.#ports = ports
    this.#drafts = drafts
    const isNeeded = !ports.locks && drafts.name !== ''
    this.#channel = isNeeded ? (ports.channel?.(`${drafts.name}-writers`) ?? null) : null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#heard(data))
  }

  holds(id: string): boolean {
    return this.#held.has(id)
  }

  /** Take the lock if it is free, and the browser does not refuse it. Resolves to whether this tab has it. With `steal` it is
   * taken from the tab that has it. */
  async hold(id: string, steal = false): Promise<boolean> {
    if (this.#held.has(id)) {
      return true
    }
    if (this.#channel) {
      const isFree = steal || !(await this.#isAnothers(id))
      if (isFree) {
        this.#held.set(id, () => undefined)
      }
      return isFree
    }
    this.#queued.get(id)?.abort()
    const options = steal ? { steal } : { ifAvailable: true }
    return new Promise((resolve) => this.#request(id, options, resolve, () => resolve(false)))
  }

  /** Resolves once the other tab has released the lock and this one has it; never if this tab calls `release` before. */
  wait(id: string): Promise<void> {
    if (this.#channel) {
      return new Promise(() => undefined)
    }
    this.#queued.get(id)?.abort()
    const ends = new AbortController()
    this.#queued.set(id, ends)
    return new Promise((resolve) => this.#queue(id, ends.signal, resolve))
  }

  release(id: string): void {
    this.#queued.get(id)?.abort()
    this.#queued.delete(id)
    this.#held.get(id)?.()
    this.#held.delete(id)
  }

  stop(): void {
    ;[...this.#held.keys(), ...this.#queued.keys()].forEach((id) => this.release(id))
    this.#channel?.close()
  }

  /** A lock that the browser refuses is asked for again. */
  #queue(id: string, signal: AbortSignal, told: () => void): void {
    this.#request(id, { signal }, told, () => {
      this.#ports.after(REFUSED, () => signal.aborted || this.#queue(id, signal, told))
    })
  }

  #request(id: string, options: LockOptions, told: (isHeld: boolean) => void, refused: () => void): void {
    let release: (() => void) | null = null
    const work = async (lock: Lock | 'no locks' | null): Promise<void> => {
      if (lock === null) {
        told(false)
        return
      }
      const { promise, resolve } = Promise.withResolvers<undefined>()
      release = () => resolve(undefined)
      this.#held.set(id, release)
      told(true)
      // Without locks there is nothing to hold until `release`.
      await (lock === 'no locks' ? undefined : promise)
    }
    this.#drafts.withLock(id, 'write', options, work).catch(() => {
      // AbortError: another tab stole the lock, this one has stopped waiting for it, or the page is being left. If the other
      // tab told before that it writes the draft, this one has released the lock already, or has taken it again.
      if (!release) {
        if (!options.signal?.aborted) refused()
      } else if (this.#held.get(id) === release) {
        this.#held.delete(id)
        this.onlost(id)
      }
    })
  }

  #isAnothers(id: string): Promise<boolean> {
    return new Promise((resolve) => {
      const callOff = this.#ports.after(PATIENCE, () => {
        this.#asked.delete(id)
        resolve(false)
      })
      this.#asked.set(id, () => {
        callOff()
        resolve(true)
      })
      this.#channel?.postMessage({ asked: id } satisfies Message)
    })
  }

  #heard({ asked, mine }: Message): void {
    if (asked !== undefined && this.#held.has(asked)) {
      this.#channel?.postMessage({ mine: asked } satisfies Message)
    }
    if (mine !== undefined) {
      this.#asked.get(mine)?.()
      this.#asked.delete(mine)
    }
  }
}
