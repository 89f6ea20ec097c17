/** Something to be had from the service: tried again with growing pauses until it is there, or cannot be. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { pauseAfter } from '#lib/live/pause.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Ports } from './ports.ts'

export class Task {
  trouble: Trouble | null = null
  readonly #ports: Ports
  readonly #work: () => Promise<void>
  readonly #changed: () => void
  #failures = 0
  #running: Promise<void> | null = null
  #again = false
  #stopped = false
  #callOff: (() => void) | null = null
  /** milliseconds; a refusal that will not pass by itself is not asked for again and again */
  #notBefore = 0

  /** `changed` is called whenever `trouble` changes, and after each success. */
  constructor(ports: Ports, work: () => Promise<void>, changed: () => void) {
    this.#ports = ports
    this.#work = work
    this.#changed = changed
  }

  get running(): boolean {
    return this.#running !== null
  }

  /** Do it, or do it once more if it runs: what is asked for now may not be in a response that is on its way. While a
   * pause lasts nothing is sent, but when it ends. Never rejects. */
  run(): Promise<void> {
    if (this.#stopped || this.#callOff) {
      return Promise.resolve()
    }
    const pause = this.#notBefore - this.#ports.now()
    if (pause > 0) {
      this.#callOff = this.#ports.after(pause, () => void this.tryNow())
      return Promise.resolve()
    }
    if (this.#running) {
      this.#again = true
      return this.#running
    }
    this.#running = this.#rounds().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** The person does not want to wait for the pause. */
  tryNow(): Promise<void> {
    this.#callOff?.()
    this.#callOff = null
    this.#notBefore = 0
    return this.run()
  }

  stop(): void {
    this.#stopped = true
    this.#callOff?.()
    this.#callOff = null
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false
      await this.#round()
    } while (this.#asked() && !this.trouble && !this.#stopped)
  }

  /** Whether it was asked for again during a round. */
  #asked(): boolean {
    return this.#again
  }

  async #round(): Promise<void> {
    try {
      await this.#work()
      this.#failures = 0
      this.trouble = null
    } catch (failure) {
      this.#failed(failure)
    }
    this.#changed()
  }

  #failed(failure: unknown): void {
    this.#failures += 1
    if (!(failure instanceof JmapFailure)) {
      this.#ports.report(failure)
    }
    const known = failure instanceof JmapFailure ? failure : null
    const pause = pauseAfter(this.#failures, known?.retryAfter ?? null, this.#ports.random())
    if (!known?.transient || this.#stopped) {
      this.#notBefore = this.#ports.now() + pause
      this.trouble = troubleOf(failure)
      return
    }
    this.trouble = troubleOf(failure, new Date(this.#ports.now() + pause))
    this.#callOff = this.#ports.after(pause, () => void this.tryNow())
  }
}

/** A mistake of ours is shown as `unknown`: nothing was changed by it. */
export function troubleOf(failure: unknown, retryAt: Date | null = null): Trouble {
  const known = failure instanceof JmapFailure ? failure : null
  return {
    code: known?.code ?? 'unknown',
    retryAt,
    reference: known?.reference ?? null,
    detail: known?.detail ?? null
  }
}
