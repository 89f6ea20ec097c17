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
  readonly #stop = new AbortController()
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
      this.#lead(this.#stop.signal)
      return
    }
    this.#ends = [this.#ports.onLeave(() => this.#here.abort()), this.#ports.onReturn(() => this.#return())]
    void this.#wait()
    this.#watch()
  }

  /** To all other tabs. */
  say(message: unknown): void {
    // A channel that is closed raises: after the end of the session the page goes on.
    if (!this.#stop.signal.aborted) {
      this.#channel?.postMessage(message)
    }
  }

  /** Leave the lead to another tab. */
  stop(): void {
    this.#stop.abort()
    this.#ends.forEach((end) => end())
    this.#callOff?.()
    this.#channel?.close()
  }

  /** Lead once no other tab does. */
  async #wait(): Promise<void> {
    this.#waiting = new AbortController()
    const { signal } = this.#waiting
    await this.#hold({ signal: AbortSignal.any([signal, this.#gone]) })
    if (!signal.aborted) {
      this.#again()
    }
  }

  /** The request that waits ends, or each time that the lead is taken would leave one more of them. */
  async #steal(): Promise<void> {
    this.#waiting.abort()
    await this.#hold({ steal: true })
    this.#again()
  }

  #again(): void {
    const gone = this.#gone
    if (!gone.aborted) {
      this.#watch()
      this.#ports.after(REFUSED, () => void (gone.aborted || this.#wait()))
    }
  }

  #return(): void {
    if (this.#here.signal.aborted && !this.#stop.signal.aborted) {
      this.#here = new AbortController()
      void this.#wait()
      this.#watch()
    }
  }

  get #gone(): AbortSignal {
    return AbortSignal.any([this.#here.signal, this.#stop.signal])
  }

  /** Lead as long as the lock is ours. */
  async #hold(options: LockOptions): Promise<void> {
    const mine = new AbortController()
    const gone = this.#gone
    const ends = AbortSignal.any([mine.signal, gone])
    try {
      await this.#ports.locks?.request(this.#name, options, async () => {
        this.#lead(ends)
        await new Promise<void>((resolve) => gone.addEventListener('abort', () => resolve()))
      })
    } catch {
      // AbortError: another tab took the lock, or we ended this request while it waited.
    } finally {
      mine.abort()
      this.#leads = false
    }
  }

  #lead(signal: AbortSignal): void {
    this.#leads = true
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
    if (this.#leads || this.#gone.aborted) {
      return
    }
    this.#callOff?.()
    this.#callOff = this.#ports.after(SILENCE, () => {
      if (this.#gone.aborted) return
      if (this.#ports.isVisible()) {
        void this.#steal()
      } else {
        this.#watch()
      }
    })
  }
}
