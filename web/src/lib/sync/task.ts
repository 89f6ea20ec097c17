/** Something to be had from the service: tried again with growing pauses until it is there, or cannot be. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { GracePeriod } from '#lib/live/grace-period.ts'
import { pauseAfter } from '#lib/live/pause.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Ports } from './ports.ts'

/** Milliseconds */
const SLOW_AFTER = 10_000
const SLOW: Trouble = { code: 'slow', retryAt: null, reference: null }

export class Task {
  trouble: Trouble | null = null
  readonly #ports: Ports
  readonly #work: () => Promise<void>
  readonly #changed: () => void
  readonly #grace: GracePeriod
  #failures = 0
  #running: Promise<void> | null = null
  #again = false
  #isSlow = false
  #stopped = false
  #callOff: (() => void) | null = null
  /** milliseconds; a refusal that will not pass by itself is not asked for again and again */
  #notBefore = 0

  /** `changed` is called whenever `trouble` changes, and after each success. */
  constructor(ports: Ports, work: () => Promise<void>, changed: () => void) {
    this.#ports = ports
    this.#work = work
    this.#changed = changed
    this.#grace = new GracePeriod(ports)
  }

  get running(): boolean {
    return this.#running !== null
  }

  /** What a person is told: also that it takes long, while it runs. */
  get told(): Trouble | null {
    return this.trouble ?? (this.#isSlow ? SLOW : null)
  }

  /** Resolves once it does not run any more. */
  get ended(): Promise<void> {
    return this.#running ?? Promise.resolve()
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
    this.#grace.over()
    this.#callOff?.()
    this.#callOff = null
  }

  async #rounds(): Promise<void> {
    let went = true
    do {
      this.#again = false
      went = await this.#round()
    } while (this.#asked() && went && !this.#stopped)
  }

  /** Whether it was asked for again during a round. */
  #asked(): boolean {
    return this.#again
  }

  /** Whether it went well. */
  async #round(): Promise<boolean> {
    const callOff = this.#ports.after(SLOW_AFTER, () => {
      this.#isSlow = true
      this.#changed()
    })
    try {
      await this.#work()
    } catch (failure) {
      this.#isSlow = false
      this.#failed(failure)
      return false
    } finally {
      callOff()
    }
    this.#isSlow = false
    this.#failures = 0
    this.#grace.over()
    this.trouble = null
    this.#changed()
    return true
  }

  #failed(failure: unknown): void {
    this.#failures += 1
    if (!(failure instanceof JmapFailure)) {
      this.#ports.report(failure)
    }
    const known = failure instanceof JmapFailure ? failure : null
    const pause = pauseAfter(this.#failures, known?.retryAfter ?? null, this.#ports.random())
    const isRetried = known?.transient && !this.#stopped
    if (isRetried) {
      this.#callOff = this.#ports.after(pause, () => void this.tryNow())
    } else {
      this.#notBefore = this.#ports.now() + pause
    }
    const trouble = troubleOf(failure, isRetried ? new Date(this.#ports.now() + pause) : null)
    const tell = (): void => {
      this.trouble = trouble
      this.#changed()
    }
    if (this.#stopped) {
      tell()
    } else {
      this.#grace.tell(trouble.code, tell)
    }
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
