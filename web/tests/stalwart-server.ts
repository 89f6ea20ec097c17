/**
 * Stalwart in a story: what it answered once (tests/recorded). With STALWART_URL and STALWART_LOGIN=address:password of a
 * new account it is the real one, and its answers are recorded anew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { settled } from './world.ts'

interface Exchange {
  methods: string[]
  body: unknown
}

export interface StalwartServer {
  readonly fetch: typeof fetch
  /** These messages are put into the inbox. */
  arrives(...messages: string[]): Promise<void>
  /** Nothing is under way any more. */
  idle(): Promise<void>
  /** The story is over. */
  end(about: string): void
}

const FILE = 'tests/recorded/stalwart-0.16.19.json'
/** The network, which the engine has only by its ports. */
const ask = globalThis.fetch
/** Milliseconds in which a real server delivers a message, and sorts it into its index. */
const DELIVERY = 1_500

export function stalwartServer(): StalwartServer {
  const { STALWART_URL: url, STALWART_LOGIN: login } = process.env
  return url !== undefined && login !== undefined ? recording(url, login) : replayed()
}

function methodsOf(init: RequestInit | undefined): string[] {
  const body = init?.body as string | undefined
  return body === undefined ? [] : (JSON.parse(body) as { methodCalls: [string][] }).methodCalls.map(([name]) => name)
}

function pathOf(input: Parameters<typeof fetch>[0]): string {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input, 'https://mail.test')
  return pathname + search
}

/** A request for other methods than those of its turn was never recorded. */
function replayed(): StalwartServer {
  const { exchanges } = JSON.parse(readFileSync(FILE, 'utf8')) as { exchanges: Exchange[] }
  return {
    fetch: (input, init) => {
      if (pathOf(input).startsWith('/api/')) {
        return Promise.resolve(new Response('', { status: 404 }))
      }
      const exchange = exchanges.shift()
      expect(methodsOf(init)).toEqual(exchange?.methods)
      return Promise.resolve(Response.json(exchange?.body))
    },
    arrives: () => Promise.resolve(),
    idle: settled,
    end: () => {
      expect(exchanges).toEqual([])
    }
  }
}

function recording(url: string, login: string): StalwartServer {
  const headers = { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }
  const exchanges: Exchange[] = []
  let flying = 0
  const idle = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, DELIVERY))
    do {
      await settled()
    } while (flying > 0)
  }
  const recorded: typeof fetch = async (input, init) => {
    const path = pathOf(input)
    if (path.startsWith('/api/')) {
      return new Response('', { status: 404 })
    }
    const exchange: Exchange = { methods: methodsOf(init), body: null }
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
    fetch: recorded,
    arrives: async (...messages) => {
      for (const message of messages) {
        await put(url, headers, message)
      }
      await idle()
    },
    idle,
    end: (about) => {
      writeFileSync(FILE, `${JSON.stringify({ about, exchanges }, null, 1)}\n`)
    }
  }
}

interface Session {
  primaryAccounts: Record<string, string>
}

const MAIL = 'urn:ietf:params:jmap:mail'

async function put(url: string, headers: Record<string, string>, message: string): Promise<void> {
  const session = (await (await ask(`${url}/jmap/session`, { headers })).json()) as Session
  const accountId = session.primaryAccounts[MAIL]
  const call = async (name: string, args: object): Promise<unknown> => {
    const body = JSON.stringify({
      using: ['urn:ietf:params:jmap:core', MAIL],
      methodCalls: [[name, { accountId, ...args }, '0']]
    })
    const post = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body }
    return ((await (await ask(`${url}/jmap/`, post)).json()) as { methodResponses: [[string, unknown]] })
      .methodResponses[0][1]
  }
  const { list } = (await call('Mailbox/get', { ids: null })) as { list: { id: string; role: string }[] }
  const inbox = list.find(({ role }) => role === 'inbox')?.id ?? ''
  const upload = { method: 'POST', headers: { ...headers, 'Content-Type': 'message/rfc822' }, body: message }
  const { blobId } = (await (await ask(`${url}/jmap/upload/${accountId}/`, upload)).json()) as { blobId: string }
  await call('Email/import', { emails: { new: { blobId, mailboxIds: { [inbox]: true } } } })
}
