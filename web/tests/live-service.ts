import { settled } from './world.ts'

export type Given = Response | Error | 'stream'

/** A service of live events whose responses are given one by one. */
export class LiveService {
  readonly asked: string[] = []
  readonly #responses: Given[]
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null

  constructor(...responses: Given[]) {
    this.#responses = responses
  }

  readonly fetch: typeof fetch = (input, init) => {
    this.asked.push(input instanceof Request ? input.url : input.toString())
    const response = this.#responses.shift()
    if (response instanceof Error) {
      return Promise.reject(response)
    }
    return Promise.resolve(response instanceof Response ? response : this.#stream(init?.signal))
  }

  #stream(signal: AbortSignal | null | undefined): Response {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    this.#writer = writer
    signal?.addEventListener('abort', () => void writer.abort().catch(() => undefined))
    return new Response(readable)
  }

  async say(type: string, data: unknown = {}): Promise<void> {
    await this.#writer?.write(new TextEncoder().encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`))
    await settled()
  }

  async close(): Promise<void> {
    await this.#writer?.close()
    await settled()
  }
}
