/**
 * Stalwart in a story: what it answered once (tests/recorded). With STALWART_URL and STALWART_LOGIN=address:password of a
 * new account it is the real one, and its answers are recorded anew. Those to whom a story sends have an account, too:
 * STALWART_OTHER=address:password.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Upload } from '#lib/writing/sync/upload-port.ts'
import { settled } from './world.ts'

interface Exchange {
  methods: string[]
  body: unknown
}

export interface StalwartServer {
  readonly fetch: typeof fetch
  readonly upload: Upload
  /** when the story begins: milliseconds since 1970 */
  readonly beginsAt: number
  /** the address of the other account */
  readonly other: string
  /** These messages are put into the inbox. */
  arrives(...messages: string[]): Promise<void>
  /** Nothing is under way any more. */
  idle(): Promise<void>
  /** So much time passes for the server. */
  lasts(milliseconds: number): Promise<void>
  /** how many messages with this subject the other account has got */
  received(subject: string): Promise<number>
  /** The story is over. */
  end(about: string): void
}

/** The network, which the engine has only by its ports. */
const ask = globalThis.fetch
const UPLOAD = ['upload']
/** Milliseconds in which a real server delivers a message, and sorts it into its index. */
const DELIVERY = 1_500

/** `story`: the name of its file */
export function stalwartServer(story = 'stalwart-0.16.19'): StalwartServer {
  const { STALWART_URL: url, STALWART_LOGIN: login } = process.env
  const file = `tests/recorded/${story}.json`
  return url !== undefined && login !== undefined ? recording(file, url, login) : replayed(file)
}

function methodsOf(init: RequestInit | undefined): string[] {
  const body = init?.body as string | undefined
  return body === undefined ? [] : (JSON.parse(body) as { methodCalls: [string][] }).methodCalls.map(([name]) => name)
}

function pathOf(input: Parameters<typeof fetch>[0]): string {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input, 'https://mail.test')
  return pathname + search
}

/** Each gets the first response that was recorded for its methods: requests at the same time come in any order. */
function replayed(file: string): StalwartServer {
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[]; received?: number[]; at?: number }
  const { exchanges, received = [], at = 0 } = recorded
  const next = (methods: string[]): Promise<Response> => {
    const place = exchanges.findIndex((one) => one.methods.join() === methods.join())
    expect(place, methods.join()).not.toBe(-1)
    return Promise.resolve(Response.json(exchanges.splice(place, 1)[0]?.body))
  }
  return {
    upload: () => next(UPLOAD),
    beginsAt: at,
    other: 'other@example.org',
    lasts: () => Promise.resolve(),
    received: () => Promise.resolve(received.shift() ?? 0),
    fetch: (input, init) => {
      if (pathOf(input).startsWith('/api/')) {
        return Promise.resolve(new Response('', { status: 404 }))
      }
      return next(methodsOf(init))
    },
    arrives: () => Promise.resolve(),
    idle: settled,
    end: () => {
      expect(exchanges).toEqual([])
    }
  }
}

function basic(login: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}

function recording(file: string, url: string, login: string): StalwartServer {
  const headers = basic(login)
  const { STALWART_OTHER: other = login } = process.env
  const received: number[] = []
  const at = Date.now()
  const exchanges: Exchange[] = []
  let flying = 0
  const idle = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, DELIVERY))
    do {
      await settled()
    } while (flying > 0)
  }
  const recorded = async (path: string, init: RequestInit | undefined, methods: string[]): Promise<Response> => {
    const exchange: Exchange = { methods, body: null }
    exchanges.push(exchange)
    flying += 1
    try {
      const response = await ask(url + path, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), ...headers }
      })
      exchange.body = await response.clone().json()
      return response
    } finally {
      flying -= 1
    }
  }
  return {
    fetch: async (input, init) => {
      const path = pathOf(input)
      return path.startsWith('/api/') ? new Response('', { status: 404 }) : recorded(path, init, methodsOf(init))
    },
    upload: ({ url: to, content, type }) =>
      recorded(pathOf(to), { method: 'POST', headers: { 'Content-Type': type }, body: content }, UPLOAD),
    beginsAt: at,
    other: other.split(':')[0] ?? '',
    lasts: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    received: async (subject) => {
      const { accountId, call } = await caller(url, basic(other))
      const { ids } = (await call('Email/query', { accountId, filter: { subject } })) as { ids: string[] }
      received.push(ids.length)
      return ids.length
    },
    arrives: async (...messages) => {
      for (const message of messages) {
        await put(url, headers, message)
      }
      await idle()
    },
    idle,
    end: (about) => {
      writeFileSync(file, `${JSON.stringify({ about, at, exchanges, received }, null, 1)}\n`)
    }
  }
}

interface Session {
  primaryAccounts: Record<string, string>
}

const MAIL = 'urn:ietf:params:jmap:mail'

interface Caller {
  readonly accountId: string
  readonly call: (name: string, args: object) => Promise<unknown>
}

async function caller(url: string, headers: Record<string, string>): Promise<Caller> {
  const session = (await (await ask(`${url}/jmap/session`, { headers })).json()) as Session
  const accountId = session.primaryAccounts[MAIL] ?? ''
  const call = async (name: string, args: object): Promise<unknown> => {
    const body = JSON.stringify({
      using: ['urn:ietf:params:jmap:core', MAIL],
      methodCalls: [[name, { accountId, ...args }, '0']]
    })
    const post = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body }
    return ((await (await ask(`${url}/jmap/`, post)).json()) as { methodResponses: [[string, unknown]] })
      .methodResponses[0][1]
  }
  return { accountId, call }
}

async function put(url: string, headers: Record<string, string>, message: string): Promise<void> {
  const { accountId, call } = await caller(url, headers)
  const { list } = (await call('Mailbox/get', { ids: null })) as { list: { id: string; role: string }[] }
  const inbox = list.find(({ role }) => role === 'inbox')?.id ?? ''
  const upload = { method: 'POST', headers: { ...headers, 'Content-Type': 'message/rfc822' }, body: message }
  const { blobId } = (await (await ask(`${url}/jmap/upload/${accountId}/`, upload)).json()) as { blobId: string }
  await call('Email/import', { emails: { new: { blobId, mailboxIds: { [inbox]: true } } } })
}
