/** The progress of the mailbox on screen: from /api/me at first, then live; the clock is the server's. */
import type { Progress } from '#lib/accounts/me.ts'

export class Making {
  #progress = $state.raw<Progress>() as Progress
  #connected = $state(true)
  #now = $state(0)
  /** server's clock minus the device's, ms */
  #ahead = 0

  /** @param deviceNow ms since 1970 by the device's clock */
  constructor(progress: Progress, deviceNow: number) {
    this.show(progress, deviceNow)
  }

  get progress(): Progress {
    return this.#progress
  }

  get connected(): boolean {
    return this.#connected
  }

  /** ms by the server's clock */
  get now(): number {
    return this.#now
  }

  show(progress: Progress, deviceNow: number): void {
    this.#progress = progress
    this.#ahead = Date.parse(progress.now) - deviceNow
    this.tick(deviceNow)
  }

  tick(deviceNow: number): void {
    this.#now = deviceNow + this.#ahead
  }

  set connected(yes: boolean) {
    this.#connected = yes
  }
}
