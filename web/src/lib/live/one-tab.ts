/** A lock that one tab of this browser has at a time. (Web Locks.) Without locks, which need TLS, each tab has it. */
import { REFUSED } from './pause.ts'
import type { LivePorts } from './ports.ts'

/** Told that this tab has the lock now; the signal is aborted once it has it no more. */
type Has = (ends: AbortSignal) => unknown

export class OneTab {
  readonly #name: string
  readonly #ports: Pick<LivePorts, 'locks' | 'after' | 'isVisible'>
  readonly #lost: () => void
  readonly #patience: number | null
  /** of the request that waits for the lock or has it */
  #request: AbortController | null = null
  #has: Has = () => undefined
  #isMine = false
  #callOff: () => void = () => undefined

  /** `lost` is told that another tab took the lock. `patience`: milliseconds after which a visible tab takes it from one that
   * may be frozen. */
  constructor(
    name: string,
    ports: Pick<LivePorts, 'locks' | 'after' | 'isVisible'>,
    lost: () => void = () => undefined,
    patience: number | null = null
  ) {
    this.#name = name
    this.#ports = ports
    this.#lost = lost
    this.#patience = patience
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
    this.#has = has
    const ask = async (options: LockOptions): Promise<void> => {
      if (await this.#ask(mine, options)) return
      this.#ports.after(REFUSED, () => void (mine.signal.aborted || ask({ signal: mine.signal })))
    }
    void ask(steal ? { steal } : { signal: mine.signal })
    this.watch()
  }

  /** The tab that has the lock is alive: the patience begins anew. */
  watch(): void {
    this.#callOff()
    if (this.#patience === null || this.#isMine || !this.#request) return
    this.#callOff = this.#ports.after(this.#patience, () =>
      this.#ports.isVisible() ? this.wait(this.#has, true) : this.watch()
    )
  }

  /** Have the lock if it is free, with `steal` also if it is not, and if the browser does not refuse it. Resolves to whether
   * this tab has it. */
  take(steal = false): Promise<boolean> {
    return this.#ask(this.#anew(), steal ? { steal } : { ifAvailable: true })
  }

  release(): void {
    this.#request?.abort()
    this.#request = null
    this.#has = () => undefined
    this.#isMine = false
    this.#callOff()
  }

  /** A request that waits ends, or each time that the lock is stolen would leave one more of them. */
  #anew(): AbortController {
    this.release()
    return (this.#request = new AbortController())
  }

  /** Resolves once the lock is given, or is not; it is held until `mine` is aborted, or another tab takes it. */
  #ask(mine: AbortController, options: LockOptions): Promise<boolean> {
    return new Promise((resolve) => {
      const work = async (lock: Lock | null): Promise<void> => {
        // A lock that was stolen is given all the same if this tab released it meanwhile.
        if (lock === null || mine.signal.aborted) return
        const released = new Promise((end) => mine.signal.addEventListener('abort', end))
        this.#isMine = true
        this.#callOff()
        this.#has(mine.signal)
        resolve(true)
        await released
      }
      const { locks } = this.#ports
      // AbortError: another tab took it, this one ended its request, or the browser refuses it.
      const asked = locks ? locks.request(this.#name, options, work).catch(() => undefined) : work({} as Lock)
      void asked.then(() => {
        resolve(false)
        // A page that was frozen learns only now that its request has ended, and may have made another one.
        if (this.#request !== mine || !this.#isMine) return
        this.release()
        this.#lost()
      })
    })
  }
}
