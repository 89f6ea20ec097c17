/**
 * One tab of a browser leads and holds the connection; what it says reaches all others. (Web Locks, BroadcastChannel.)
 *
 * A leader in the background may be throttled or frozen, so it says that it is alive, and a visible tab that has not
 * heard it takes the lock. Without locks (an old browser) each tab leads for itself.
 */
import { OneTab } from './one-tab.ts'
import { REFUSED } from './pause.ts'
import type { LivePorts } from './ports.ts'

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
  readonly #ports: LivePorts
  readonly #leading: Leading
  readonly #channel: BroadcastChannel | null
  readonly #lead: OneTab
  #ends: (() => void)[] = []
  /** false while the page is left; one that the browser kept comes back */
  #isHere = true
  #stopped = false
  #callOff: (() => void) | null = null

  constructor(name: string, ports: LivePorts, leading: Leading) {
    this.#ports = ports
    this.#leading = leading
    const lost = (): void => void ports.after(REFUSED, () => this.#wait())
    this.#lead = new OneTab(name, ports, lost, SILENCE)
    this.#channel = ports.locks && ports.channel ? ports.channel(name) : null
    this.#channel?.addEventListener('message', ({ data }) => this.#hear(data))
  }

  get leads(): boolean {
    return this.#lead.isMine
  }

  start(): void {
    this.#ends = [this.#ports.onLeave(() => this.#leave()), this.#ports.onReturn(() => this.#return())]
    this.#wait()
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

  /** Lead once no other tab does, or the one that leads stays silent and a person looks at this tab. */
  #wait(): void {
    if (this.#isHere && !this.#lead.isWanted) this.#lead.wait((ends) => this.#begin(ends))
  }

  #leave(): void {
    this.#isHere = false
    this.#lead.release()
  }

  #return(): void {
    if (!this.#isHere && !this.#stopped) {
      this.#isHere = true
      this.#wait()
    }
  }

  #begin(ends: AbortSignal): void {
    this.#leading.lead(ends)
    this.#sayAlive()
  }

  #sayAlive(): void {
    this.#callOff?.()
    if (this.leads) {
      this.say(ALIVE_MESSAGE)
      this.#callOff = this.#ports.after(ALIVE, () => this.#sayAlive())
    }
  }

  #hear(message: unknown): void {
    this.#lead.watch()
    if (typeof message !== 'object' || message === null || !('alive' in message)) {
      this.#leading.heard(message)
    }
  }
}
