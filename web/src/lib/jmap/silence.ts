/** Aborts a request on which nothing arrives for too long, or too little: a large response may take its time. */

/** Milliseconds. The gateway gives up after 60 s of silence; this is for a network that swallows packets. */
export const SILENCE = 90_000

/** Milliseconds, beyond those of one silence, for each octet that arrived: any phone has more than 500 octets a second. */
const PER_OCTET = 2

export interface SilencePorts {
  /** milliseconds */
  now: () => number
  after: (milliseconds: number, work: () => void) => () => void
}

export class Silence {
  readonly #ports: SilencePorts
  readonly #most: number
  readonly #aborts = new AbortController()
  #ends: number
  #callOff: () => void = () => undefined

  constructor(ports: SilencePorts, most = SILENCE) {
    this.#ports = ports
    this.#most = most
    this.#ends = ports.now() + most
    this.#wait()
  }

  get signal(): AbortSignal {
    return this.#aborts.signal
  }

  /** The response, each part of which ends a silence. Bytes that drip would end each one, and never be all of it. */
  heard(response: Response): Response {
    const parts = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (part, next) => {
        this.#ends += part.byteLength * PER_OCTET
        this.#wait()
        next.enqueue(part)
      }
    })
    // Without its status: that of a response without content takes no body, and there is one.
    return new Response(response.body?.pipeThrough(parts) ?? null, { headers: response.headers })
  }

  end(): void {
    this.#callOff()
  }

  #wait(): void {
    this.#callOff()
    const left = Math.min(this.#most, this.#ends - this.#ports.now())
    this.#callOff = this.#ports.after(left, () => this.#aborts.abort())
  }
}
