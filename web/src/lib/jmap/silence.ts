/** Aborts a request if nothing of its response arrives for too long, or if all of it arrives too slowly for its size. */

/** Milliseconds. The gateway gives up after 60 s of silence; this limit is for a network that loses packets silently. */
export const SILENCE = 90_000

/** Milliseconds by which each octet that arrives moves the deadline: any phone receives more than 500 octets a second. */
const PER_OCTET = 2

export interface SilencePorts {
  /** milliseconds since 1970 */
  now: () => number
  /** Run `work` after so many milliseconds; returns how to call it off. */
  after: (milliseconds: number, work: () => void) => () => void
}

export class Silence {
  readonly #ports: SilencePorts
  readonly #most: number
  readonly #aborts = new AbortController()
  #deadline: number
  #callOff: () => void = () => undefined

  constructor(ports: SilencePorts, most = SILENCE) {
    this.#ports = ports
    this.#most = most
    this.#deadline = ports.now() + most
    this.#wait()
  }

  get signal(): AbortSignal {
    return this.#aborts.signal
  }

  /** The same response; each part that arrives ends a silence. A response that trickles must end, too: hence the deadline. */
  heard(response: Response): Response {
    const parts = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (part, next) => {
        this.#deadline += part.byteLength * PER_OCTET
        this.#wait()
        next.enqueue(part)
      }
    })
    // Without its status: `new Response` refuses a body for 204 (WHATWG Fetch, null body status), and here there is one.
    return new Response(response.body?.pipeThrough(parts) ?? null, { headers: response.headers })
  }

  end(): void {
    this.#callOff()
  }

  #wait(): void {
    this.#callOff()
    const left = Math.min(this.#most, this.#deadline - this.#ports.now())
    this.#callOff = this.#ports.after(left, () => this.#aborts.abort())
  }
}
