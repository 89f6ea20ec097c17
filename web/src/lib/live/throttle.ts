/** A server that announces without pause must not have each tab ask without pause. */
import type { LivePorts } from './ports.ts'

/** Milliseconds between two, on average, and how far they may run ahead of it. */
const PACE = 1_000
const AHEAD = 4_000

export class Throttle {
  readonly #ports: Pick<LivePorts, 'now' | 'after'>
  /** milliseconds; when the next one is due at this pace */
  #due = 0
  #last: (() => void) | null = null

  constructor(ports: Pick<LivePorts, 'now' | 'after'>) {
    this.#ports = ports
  }

  /** Do it now, or soon: then the last one stands for all that came meanwhile. */
  run(work: () => void): void {
    const waits = this.#last !== null
    this.#last = work
    if (waits) return
    const now = this.#ports.now()
    const early = this.#due - now - AHEAD
    this.#due = Math.max(this.#due, now) + PACE
    if (early > 0) this.#ports.after(early, () => this.#do())
    else this.#do()
  }

  #do(): void {
    const work = this.#last
    this.#last = null
    work?.()
  }
}
