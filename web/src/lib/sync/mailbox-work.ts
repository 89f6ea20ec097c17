/** A change of many messages of a mailbox, in parts that the server takes; the person may stop it between two of them. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { pauseAfter } from '#lib/live/pause.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Ports } from './ports.ts'
import { troubleOf } from './task.ts'

/** A part of it: how many messages it changed; null if there was nothing left to do. */
export type Part = (most: number) => Promise<number | null>

export interface WorkStatus {
  /** messages */
  readonly total: number
  readonly done: number
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly trouble: Trouble | null
}

/** Messages that are changed at once. */
const CHUNK = 500
/** Tries of a part that may help by themselves: about two minutes in all. */
const MOST_FAILURES = 6
/** Others change mail at the same time; each time the part is asked for anew. */
const MOST_MISMATCHES = 10

export class Work {
  status: WorkStatus
  readonly ended: Promise<void>
  readonly #ports: Ports
  readonly #changed: () => void
  #stopped = false
  #wake: () => void = () => undefined

  /** `changed` is called whenever `status` changes. */
  constructor(ports: Ports, total: number, parts: readonly Part[], changed: () => void) {
    this.#ports = ports
    this.#changed = changed
    this.status = { total, done: 0, state: 'running', trouble: null }
    this.ended = this.#run(parts)
  }

  stop(): void {
    this.#stopped = true
    this.#wake()
  }

  async #run(parts: readonly Part[]): Promise<void> {
    try {
      for (const part of parts) {
        await this.#repeat(part)
      }
      this.#become({ state: this.#stopped ? 'stopped' : 'done', trouble: null })
    } catch (failure) {
      if (!(failure instanceof JmapFailure)) {
        this.#ports.report(failure)
      }
      this.#become({ state: 'failed', trouble: troubleOf(failure) })
    }
  }

  async #repeat(part: Part): Promise<void> {
    while (!this.#stopped) {
      const changed = await this.#tried(part)
      if (changed === null) {
        return
      }
      const done = this.status.done + changed
      this.#become({ done, total: Math.max(done, this.status.total), trouble: null })
    }
  }

  async #tried(part: Part): Promise<number | null> {
    let failures = 0
    let mismatches = 0
    for (;;) {
      try {
        return await part(CHUNK)
      } catch (failure) {
        if (!(failure instanceof JmapFailure) || this.#stopped) {
          throw failure
        }
        if (failure.code === 'stateMismatch' && mismatches < MOST_MISMATCHES) {
          mismatches += 1
          continue
        }
        failures += 1
        if (!failure.transient || failures >= MOST_FAILURES) {
          throw failure
        }
        await this.#pause(pauseAfter(failures, failure.retryAfter, this.#ports.random()), failure)
      }
      if (this.#isStopped()) {
        return null
      }
    }
  }

  /** The person stopped it, perhaps during a pause. */
  #isStopped(): boolean {
    return this.#stopped
  }

  /** Until the pause is over, or the person stops. */
  #pause(milliseconds: number, failure: JmapFailure): Promise<void> {
    this.#become({ trouble: troubleOf(failure, new Date(this.#ports.now() + milliseconds)) })
    return new Promise((resolve) => {
      const callOff = this.#ports.after(milliseconds, resolve)
      this.#wake = () => {
        callOff()
        resolve()
      }
    })
  }

  #become(change: Partial<WorkStatus>): void {
    this.status = { ...this.status, ...change }
    this.#changed()
  }
}
