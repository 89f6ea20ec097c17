/**
 * Whether a person can see any tab of ours. (Web Locks: each visible tab shares a lock, which nobody gets alone while one
 * of them has it. A tab that is closed or crashes gives it back.)
 */
import type { LivePorts } from './ports.ts'

export class VisibleTabs {
  readonly #name: string
  readonly #ports: LivePorts
  readonly #ends: (() => void)[]
  #hide: (() => void) | null = null

  /** `name` is the same in all tabs of one account. */
  constructor(name: string, ports: LivePorts) {
    this.#name = name
    this.#ports = ports
    this.#ends = [ports.onReturn(() => this.#changed()), ports.onHide(() => this.#changed())]
    this.#changed()
  }

  /** Without locks, or while the browser refuses them, this tab knows of itself only. */
  async any(): Promise<boolean> {
    if (this.#ports.isVisible() || !this.#ports.locks) {
      return this.#ports.isVisible()
    }
    const taken = this.#ports.locks.request(this.#name, { ifAvailable: true }, (lock) => Promise.resolve(lock === null))
    return taken.catch(() => false)
  }

  stop(): void {
    this.#ends.forEach((end) => end())
    this.#hide?.()
  }

  #changed(): void {
    if (!this.#ports.isVisible()) {
      this.#hide?.()
      this.#hide = null
    } else if (!this.#hide) {
      const { promise: hidden, resolve } = Promise.withResolvers<undefined>()
      const hide = (): void => resolve(undefined)
      this.#hide = hide
      this.#ports.locks
        ?.request(this.#name, { mode: 'shared' }, () => hidden)
        .catch(() => {
          // Refused: it is asked for again when this tab is shown again.
          if (this.#hide === hide) this.#hide = null
        })
    }
  }
}
