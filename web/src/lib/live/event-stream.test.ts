import { describe, expect, test } from 'vitest'
import { EventParser, listenTo, type StreamEvent } from './event-stream.ts'

function heard(...parts: string[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const parser = new EventParser((event) => events.push(event))
  parts.forEach((part) => parser.add(part))
  return events
}

describe('the parser of events (WHATWG HTML §9.2.6)', () => {
  const MAIL = { type: 'mail', data: { id: '1' } }

  test.each([
    ['one event', ['event: mail\ndata: {"id": "1"}\n\n'], [MAIL]],
    ['CRLF', ['event: mail\r\ndata: {"id": "1"}\r\n\r\n'], [MAIL]],
    ['parts that end anywhere', ['eve', 'nt: mail\nda', 'ta: {"id": "1"}\n', '\n'], [MAIL]],
    ['a CR at the end of a part', ['event: mail\r', '\ndata: {"id": "1"}\r', '\n\r', '\n'], [MAIL]],
    ['data over several lines', ['event: mail\ndata: {"id":\ndata: "1"}\n\n'], [MAIL]],
    ['no type', ['data: 1\n\n'], [{ type: 'message', data: 1 }]],
    ['comments, ids and pauses', [': ping\n\nid: 7\n\nretry: 100\n\n'], []],
    ['an event that has not ended', ['event: mail\ndata: {}\n'], []],
    ['data that is no JSON', ['event: mail\ndata: {\n\n'], [{ type: 'mail', data: null }]]
  ])('%s', (_, parts, events) => {
    expect(heard(...parts)).toEqual(events)
  })
})

interface Stream {
  fetch: typeof fetch
  say: (text: string) => void
  close: () => void
}

function stream(): Stream {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  return {
    fetch: (_, init) => {
      init?.signal?.addEventListener('abort', () => void readable.cancel().catch(() => undefined))
      init?.signal?.addEventListener('abort', () => void writer.abort().catch(() => undefined))
      return Promise.resolve(new Response(readable))
    },
    say: (text) => void writer.write(new TextEncoder().encode(text)).catch(() => undefined),
    close: () => void writer.close().catch(() => undefined)
  }
}

describe('a stream', () => {
  test('tells what it hears until it ends', async () => {
    const { fetch, say, close } = stream()
    const events: unknown[] = []
    const end = listenTo(
      '/api/live',
      { fetch, after: () => () => undefined },
      new AbortController().signal,
      (event) => {
        events.push(event.data)
      }
    )
    say('data: 1\n\n')
    say('data: 2\n\n')
    close()
    expect(await end).toBeNull()
    expect(events).toEqual([1, 2])
  })

  test('ends with the response of a refusal', async () => {
    const refuse = (): Promise<Response> => Promise.resolve(new Response('', { status: 401 }))
    const ports = { fetch: refuse, after: () => () => undefined }
    const end = await listenTo('/api/live', ports, new AbortController().signal, () => undefined)
    expect(end?.status).toBe(401)
  })

  test('that stays silent, without even a ping, is given up', async () => {
    const { fetch } = stream()
    let expire = (): void => undefined
    const after = (_: number, work: () => void): (() => void) => {
      expire = work
      return () => undefined
    }
    const end = listenTo('/api/live', { fetch, after }, new AbortController().signal, () => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expire()
    expect(await end).toBeNull()
  })
})
