/** The preparation of the mailbox on screen: from /api/me at first, then live; the clock is the server's. */
import type { Preparation } from '#lib/accounts/me.ts'

export class PreparationState {
  #preparation = $state.raw<Preparation>() as Preparation
  #connected = $state(true)
  #now = $state(0)
  /** server's clock minus the device's, ms */
  #ahead = 0

  #isNone = false

  /** @param deviceNow ms since 1970 by the device's clock */
  constructor(preparation: Preparation, deviceNow: number) {
    this.show(preparation, deviceNow)
  }

  get preparation(): Preparation {
    return this.#preparation
  }

  get connected(): boolean {
    return this.#connected
  }

  /** ms by the server's clock */
  get now(): number {
    return this.#now
  }

  show(preparation: Preparation, deviceNow: number): void {
    // That nobody has heard of the registration is told again by each new stream: it counts from the first time.
    const isSame = this.#isNone && preparation.state === 'none'
    if (!isSame) this.#preparation = preparation
    this.#isNone = preparation.state === 'none'
    this.#ahead = Date.parse(preparation.now) - deviceNow
    this.tick(deviceNow)
  }

  tick(deviceNow: number): void {
    this.#now = deviceNow + this.#ahead
  }

  set connected(yes: boolean) {
    this.#connected = yes
  }
}
