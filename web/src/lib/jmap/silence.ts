/** Aborts a request on which nothing arrives for too long, however long the whole of it takes. */

/** Milliseconds. The gateway gives up after 60 s of silence; this is for a network that swallows packets. */
export const SILENCE = 90_000

export interface SilencePorts {
  after: (milliseconds: number, work: () => void) => () => void
}

export class Silence {
  readonly #ports: SilencePorts
  readonly #most: number
  readonly #aborts = new AbortController()
  #callOff: () => void = () => undefined

  constructor(ports: SilencePorts, most = SILENCE) {
    this.#ports = ports
    this.#most = most
    this.#wait()
  }

  get signal(): AbortSignal {
    return this.#aborts.signal
  }

  /** The response, each part of which ends a silence. */
  heard(response: Response): Response {
    const parts = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (part, next) => {
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
    this.#callOff = this.#ports.after(this.#most, () => this.#aborts.abort())
  }
}
