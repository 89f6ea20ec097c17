/** A lock that one tab of this browser has at a time. (Web Locks.) Without locks, which need TLS, each tab has it. */
import { REFUSED } from './pause.ts'
import type { LivePorts } from './ports.ts'

/** Told that this tab has the lock now; the signal is aborted once it has it no more. */
type Has = (ends: AbortSignal) => unknown

export class OneTab {
  readonly #name: string
  readonly #ports: Pick<LivePorts, 'locks' | 'after'>
  readonly #lost: () => void
  /** of the request that waits for the lock or has it */
  #request: AbortController | null = null
  #isMine = false

  /** `lost` is told that another tab took the lock. */
  constructor(name: string, ports: Pick<LivePorts, 'locks' | 'after'>, lost: () => void = () => undefined) {
    this.#name = name
    this.#ports = ports
    this.#lost = lost
  }

  get isMine(): boolean {
    return this.#isMine
  }

  /** It waits for the lock, or has it. */
  get isWanted(): boolean {
    return this.#request !== null
  }

  /** Have the lock once no other tab has it, unless this tab releases it before; with `steal`, take it from the other tab.
   * If the browser refuses it, it is asked for again. */
  wait(has: Has, steal = false): void {
    const mine = this.#anew()
    const ask = async (options: LockOptions): Promise<void> => {
      const isGiven = await this.#ask(mine, options, has)
      if (!isGiven && !mine.signal.aborted) this.#ports.after(REFUSED, again)
    }
    const again = (): void => void (mine.signal.aborted || ask({ signal: mine.signal }))
    if (steal) void ask({ steal })
    else again()
  }

  /** Have the lock if it is free, with `steal` also if it is not, and if the browser does not refuse it. Resolves to whether
   * this tab has it. */
  async take(steal = false): Promise<boolean> {
    const mine = this.#anew()
    const isGiven = await this.#ask(mine, steal ? { steal } : { ifAvailable: true }, () => undefined)
    if (!isGiven && this.#request === mine) this.#request = null
    return isGiven
  }

  release(): void {
    this.#request?.abort()
    this.#request = null
    this.#isMine = false
  }

  /** A request that waits ends, or each time that the lock is stolen would leave one more of them. */
  #anew(): AbortController {
    this.release()
    return (this.#request = new AbortController())
  }

  /** Resolves once the lock is given, or is not; it is held until `mine` is aborted, or another tab takes it. */
  #ask(mine: AbortController, options: LockOptions, has: Has): Promise<boolean> {
    const { promise: given, resolve } = Promise.withResolvers<boolean>()
    const work = async (lock: Lock | null): Promise<void> => {
      // A lock that was stolen is given all the same if this tab released it meanwhile.
      if (lock === null || mine.signal.aborted) return
      const released = new Promise((end) => mine.signal.addEventListener('abort', end))
      this.#have(mine, has)
      resolve(true)
      await released
    }
    if (this.#ports.locks) {
      // AbortError: another tab took it, this one ended its request, or the browser refuses it.
      const asked = this.#ports.locks.request(this.#name, options, work).catch(() => undefined)
      void asked.then(() => this.#ended(mine)).finally(() => resolve(false))
    } else {
      this.#have(mine, has)
      resolve(true)
    }
    return given
  }

  #have(mine: AbortController, has: Has): void {
    this.#isMine = true
    has(mine.signal)
  }

  #ended(mine: AbortController): void {
    // A page that was frozen learns only now that its request has ended, and may have made another one.
    if (this.#request !== mine || !this.#isMine) return
    this.release()
    this.#lost()
  }
}
