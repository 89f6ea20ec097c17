/**
 * One tab of a browser leads and holds the connection; what it says reaches all others. (Web Locks, BroadcastChannel.)
 *
 * A leader in the background may be throttled or frozen, so it says that it is alive, and a visible tab that has not
 * heard it takes the lock. Without locks (an old browser) each tab leads for itself.
 */
import { REFUSED } from './pause.ts'

export interface LeaderPorts {
  locks: LockManager | null
  channel: ((name: string) => BroadcastChannel) | null
  after: (milliseconds: number, work: () => void) => () => void
  isVisible: () => boolean
  onLeave: (work: () => void) => () => void
  onReturn: (work: () => void) => () => void
}

/** Milliseconds */
const ALIVE = 10_000
const SILENCE = 25_000

export interface Leading {
  /** This tab leads now; stop what was begun when the signal is aborted. */
  lead: (signal: AbortSignal) => void
  /** What the leader said, in each other tab. */
  heard: (message: unknown) => void
}

const ALIVE_MESSAGE = { alive: true }

export class Leader {
  readonly #name: string
  readonly #ports: LeaderPorts
  readonly #leading: Leading
  readonly #channel: BroadcastChannel | null
  #stopped = false
  /** aborted while the page is left; one that the browser kept comes back */
  #here = new AbortController()
  #ends: (() => void)[] = []
  /** of the request for the lock that waits */
  #waiting = new AbortController()
  #callOff: (() => void) | null = null
  #leads = false

  constructor(name: string, ports: LeaderPorts, leading: Leading) {
    this.#name = name
    this.#ports = ports
    this.#leading = leading
    this.#channel = ports.locks && ports.channel ? ports.channel(name) : null
    this.#channel?.addEventListener('message', ({ data }) => this.#hear(data))
  }

  get leads(): boolean {
    return this.#leads
  }

  start(): void {
    if (!this.#ports.locks) {
      this.#lead(this.#here.signal)
      return
    }
    this.#ends = [this.#ports.onLeave(() => this.#leave()), this.#ports.onReturn(() => this.#return())]
    void this.#wait()
    this.#watch()
  }

  /** To all other tabs. */
  say(message: unknown): void {
    // A channel that is closed raises: after the end of the session the page goes on.
    if (!this.#stopped) {
      this.#channel?.postMessage(message)
    }
  }

  /** Leave the lead to another tab. */
  stop(): void {
    this.#stopped = true
    this.#leave()
    this.#ends.forEach((end) => end())
    this.#callOff?.()
    this.#channel?.close()
  }

  /** Lead once no other tab does. */
  async #wait(): Promise<void> {
    this.#waiting = new AbortController()
    const { signal } = this.#waiting
    await this.#hold({ signal })
    if (!signal.aborted) {
      this.#again()
    }
  }

  /** The request that waits ends, or each time that the lead is taken would leave one more of them. */
  async #steal(): Promise<void> {
    const { signal: gone } = this.#here
    this.#waiting.abort()
    await this.#hold({ steal: true })
    if (!gone.aborted) {
      this.#again()
    }
  }

  #again(): void {
    const { signal: gone } = this.#here
    this.#watch()
    this.#ports.after(REFUSED, () => void (gone.aborted || this.#wait()))
  }

  /** A request that ends by this asks for the lock no more: a frozen page learns of its end only once it is back, and waits
   * anew by then. */
  #leave(): void {
    this.#here.abort()
    this.#waiting.abort()
  }

  #return(): void {
    if (this.#here.signal.aborted && !this.#stopped) {
      this.#here = new AbortController()
      void this.#wait()
      this.#watch()
    }
  }

  /** Lead as long as the lock is ours. */
  async #hold(options: LockOptions): Promise<void> {
    const mine = new AbortController()
    const { signal: ends } = mine
    // With `signal`, as the page may be here for days: a lead that is over leaves no listener behind.
    this.#here.signal.addEventListener('abort', () => mine.abort(), { signal: ends })
    try {
      await this.#ports.locks?.request(this.#name, options, async () => {
        // A lock that is taken is given all the same if the page was left meanwhile.
        if (ends.aborted) return
        this.#lead(ends)
        await new Promise<void>((resolve) => ends.addEventListener('abort', () => resolve()))
      })
    } catch {
      // AbortError: another tab took the lock, or we ended this request while it waited.
    } finally {
      mine.abort()
    }
  }

  #lead(signal: AbortSignal): void {
    this.#leads = true
    // At once, not when the lock is released: by then the page may be back.
    signal.addEventListener('abort', () => (this.#leads = false))
    this.#leading.lead(signal)
    this.#sayAlive()
  }

  #sayAlive(): void {
    this.#callOff?.()
    if (this.#leads) {
      this.say(ALIVE_MESSAGE)
      this.#callOff = this.#ports.after(ALIVE, () => this.#sayAlive())
    }
  }

  #hear(message: unknown): void {
    this.#watch()
    if (typeof message !== 'object' || message === null || !('alive' in message)) {
      this.#leading.heard(message)
    }
  }

  /** Take the lock if the leader stays silent and a person looks at this tab. */
  #watch(): void {
    if (this.#leads || this.#here.signal.aborted) {
      return
    }
    this.#callOff?.()
    this.#callOff = this.#ports.after(SILENCE, () => {
      if (this.#here.signal.aborted) return
      if (this.#ports.isVisible()) {
        void this.#steal()
      } else {
        this.#watch()
      }
    })
  }
}
