/** Nobody is told of a server that asks for a pause before the pause has lasted for a while. */
import type { LivePorts } from './ports.ts'

/** Milliseconds */
const SILENT = 5_000
const PAUSES = new Set(['limit', 'too_many_requests', 'rateLimit'])

export class GracePeriod {
  readonly #ports: Pick<LivePorts, 'now' | 'after'>
  /** milliseconds; when the server first asked for a pause */
  #since: number | null = null
  #callOff: (() => void) | null = null

  constructor(ports: Pick<LivePorts, 'now' | 'after'>) {
    this.#ports = ports
  }

  /** Say it at once, or after 5 s of pauses. Returns whether it was said. */
  tell(code: string, say: () => void): boolean {
    this.#callOff?.()
    this.#callOff = null
    const left = PAUSES.has(code) ? (this.#since ??= this.#ports.now()) + SILENT - this.#ports.now() : 0
    if (left > 0) {
      this.#callOff = this.#ports.after(left, say)
      return false
    }
    say()
    return true
  }

  /** It went well, or nobody wants to know any more. */
  over(): void {
    this.#callOff?.()
    this.#callOff = null
    this.#since = null
  }
}
