/**
 * One stream of server-sent events over `fetch`. The browser's EventSource hides the status of a refusal (a 401 looks
 * like an outage) and the pings, without which a dead connection stays unnoticed.
 */
import type { LivePorts } from './ports.ts'

export interface StreamEvent {
  type: string
  data: unknown
}

/** Milliseconds. The service pings every 25 s. */
const SILENCE = 60_000

/** Resolves when the stream ends, with how: the response of a refusal, or null if the connection broke. */
export async function listenTo(
  url: string,
  ports: Pick<LivePorts, 'fetch' | 'after'>,
  signal: AbortSignal,
  heard: (event: StreamEvent) => void
): Promise<Response | null> {
  const silence = new AbortController()
  let callOff = ports.after(SILENCE, () => silence.abort())
  try {
    const response = await ports.fetch(url, {
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { Accept: 'text/event-stream' },
      signal: AbortSignal.any([signal, silence.signal])
    })
    if (!response.ok || !response.body) {
      // It is still to be read, which must end, too.
      callOff = () => undefined
      return response
    }
    const parser = new EventParser(heard)
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      callOff()
      callOff = ports.after(SILENCE, () => silence.abort())
      parser.add(part.value)
    }
  } catch {
    // Offline, reset, silent, or stopped by us: the caller knows which of them it asked for.
  } finally {
    callOff()
  }
  return null
}

/** WHATWG HTML §9.2.6, without `id` and `retry`: after each reconnection we ask for changes, and pause as we think fit. */
export class EventParser {
  readonly #heard: (event: StreamEvent) => void
  #rest = ''
  #type = ''
  #data: string[] = []

  constructor(heard: (event: StreamEvent) => void) {
    this.#heard = heard
  }

  add(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    lines.forEach((line) => this.#line(line))
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch()
      return
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (field === 'event') {
      this.#type = value ?? ''
    } else if (field === 'data') {
      this.#data.push(value ?? '')
    }
  }

  #dispatch(): void {
    const [type, data] = [this.#type || 'message', this.#data.join('\n')]
    this.#type = ''
    this.#data = []
    if (data !== '') {
      this.#heard({ type, data: parsed(data) })
    }
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
