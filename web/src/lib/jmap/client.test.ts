import { describe, expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { World } from '../../../tests/world.ts'
import { call, JmapClient } from './client.ts'
import { JmapFailure } from './errors.ts'

function client(server: ModelServer): JmapClient {
  const world = new World()
  world.time = Date.UTC(2026, 10, 26)
  return new JmapClient(world.ports(server.fetch))
}

async function connected(server: ModelServer): Promise<JmapClient> {
  const found = client(server)
  await found.connect()
  return found
}

async function failure(server: ModelServer, response: Response | 'none'): Promise<JmapFailure> {
  const found = await connected(server)
  server.interrupt = () => {
    if (response === 'none') {
      throw new TypeError('Failed to fetch')
    }
    return response
  }
  return found.run([call('Core/echo', 'echo')]).then(
    () => expect.unreachable(),
    (error: unknown) => error as JmapFailure
  )
}

test.each(['null', '{}', '[]', '{"methodResponses": {}}'])(
  'a response %s is of somebody else, and is asked for again',
  async (body) => {
    expect(await failure(new ModelServer(), new Response(body))).toMatchObject({
      code: 'unavailable',
      transient: true,
      ambiguous: true
    })
  }
)

test.each(['null', '[]', '{}', '"x"', '{"apiUrl":"/jmap/","primaryAccounts":{},"accounts":{},"capabilities":null}'])(
  'a session %s is of somebody else, and the next try is none the worse for it',
  async (body) => {
    const server = new ModelServer()
    const found = client(server)
    server.interrupt = () => new Response(body)
    await expect(found.connect()).rejects.toMatchObject({ code: 'unavailable', transient: true })
    expect(found.connected).toBe(false)
    server.interrupt = () => null
    await found.connect()
    expect(found.accountId).toBe('a')
  }
)

test('who answers without a body is somebody else', async () => {
  const server = new ModelServer()
  server.interrupt = () => emptyBody()
  await expect(client(server).connect()).rejects.toMatchObject({ code: 'unavailable', transient: true })
})

/** In Chromium a response without content has a body, which ends at once; a new one may have none. */
function emptyBody(): Response {
  const response = new Response('')
  Object.defineProperty(response, 'status', { value: 204 })
  return response
}

test('groups of one turn share a request', async () => {
  const server = new ModelServer()
  const found = await connected(server)
  await Promise.all([found.run([call('Mailbox/get', 'get')]), found.run([call('Email/get', 'get', { ids: [] })])])
  expect(server.requests).toEqual([['Mailbox/get', 'Email/get']])
})

test('at most four requests are under way at once', async () => {
  const server = new ModelServer()
  const found = await connected(server)
  const groups = Array.from({ length: 160 }, () => [call('Mailbox/get', 'get')])
  await Promise.all(groups.map((group) => found.run(group)))
  expect(server.requests).toHaveLength(10)
  expect(server.mostRunning).toBe(4)
})

describe('a limit that cannot be meant (RFC 8620 §2: a positive number)', () => {
  test.each([0, -1, null, '4', NaN])(
    '%s counts as none: nothing waits for ever, nor is asked without end',
    async (limit) => {
      const server = new ModelServer()
      server.limits = {
        maxCallsInRequest: limit,
        maxObjectsInGet: limit,
        maxObjectsInSet: limit,
        maxConcurrentRequests: limit
      } as never
      const found = await connected(server)
      expect(found.limits).toEqual(new ModelServer().limits)
      await found.run([call('Email/get', 'get', { ids: ['a', 'b'] })])
      expect(server.requests).toEqual([['Email/get']])
    }
  )

  test('of fewer calls than one question has is for an operator, and no mistake of ours', async () => {
    const server = new ModelServer()
    server.limits = { ...server.limits, maxCallsInRequest: 1 }
    const found = await connected(server)
    await expect(found.run([call('Core/echo', 'one'), call('Core/echo', 'two')])).rejects.toMatchObject({
      code: 'mail_server_unusable',
      transient: false
    })
  })
})

test('a download is on our own origin, whatever host the session names, with its name encoded', async () => {
  const found = await connected(new ModelServer())
  expect(found.downloadUrl({ blobId: 'b/1', name: 'a b?.pdf', type: 'application/pdf' })).toBe(
    'https://mail.test/jmap/download/a/b%2F1/a%20b%3F.pdf?accept=application%2Fpdf'
  )
})

test.each([
  [`${'日'.repeat(300_000)}.pdf`, `${'%E6%97%A5'.repeat(196)}.pdf`],
  ['\ud800a\udc00.txt', '_a_.txt'],
  ['', 'attachment']
])('a name that no address can hold is downloaded under its end', async (name, encoded) => {
  const found = await connected(new ModelServer())
  expect(found.downloadUrl({ blobId: 'b', name, type: 'text/plain' })).toBe(
    `https://mail.test/jmap/download/a/b/${encoded}?accept=text%2Fplain`
  )
})

test('the error of one call is raised where its response is read, and costs no other call', async () => {
  const found = await connected(new ModelServer())
  const results = await found.run([
    call('Thread/changes', 'one'),
    call('Nothing/at-all', 'two'),
    call('Mailbox/get', 'three')
  ])
  expect(() => results.get('two')).toThrow(JmapFailure)
  expect(results.errorOf('two')).toBe('unknownMethod')
  expect(results.get('three')).toMatchObject({ state: '0' })
})

describe('a mistake of ours', () => {
  test('in one group is told to all that wait for the request, and to nobody else', async () => {
    const found = await connected(new ModelServer())
    const many = Array.from({ length: 17 }, (_, number) => call('Core/echo', String(number)))
    const waiting = [found.run(many), found.run([call('Mailbox/get', 'get')])]
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((await found.run([call('Mailbox/get', 'get')])).get('get')).toBeDefined()
  })

  test('before the session is known is told', async () => {
    await expect(client(new ModelServer()).run([call('Mailbox/get', 'get')])).rejects.toThrow('no session yet')
  })
})

describe('a session that changed (RFC 8620 §3.4)', () => {
  const sessions = (server: ModelServer): (() => number) => {
    let asked = 0
    const before = server.interrupt
    server.interrupt = (path, body) => {
      asked += Number(path === '/jmap/session')
      return before(path, body)
    }
    return () => asked
  }

  test('is fetched again once, before the responses are handed out', async () => {
    const server = new ModelServer()
    const found = await connected(server)
    const asked = sessions(server)
    server.sessionState = 's2'
    server.limits = { ...server.limits, maxObjectsInSet: 7 }
    await Promise.all([found.run([call('Mailbox/get', 'get')]), found.run([call('Mailbox/get', 'get')])])
    expect(found.limits.maxObjectsInSet).toBe(7)
    await found.run([call('Mailbox/get', 'get')])
    expect(asked()).toBe(1)
  })

  test('that cannot be fetched is asked for with the next request, and the responses may have been carried out', async () => {
    const server = new ModelServer()
    const found = await connected(server)
    server.sessionState = 's2'
    server.interrupt = (path) => (path === '/jmap/session' ? new Response('', { status: 503 }) : null)
    await expect(found.run([call('Mailbox/get', 'get')])).rejects.toMatchObject({ transient: true, ambiguous: true })
    server.interrupt = () => null
    const asked = sessions(server)
    await found.run([call('Mailbox/get', 'get')])
    expect(asked()).toBe(1)
  })

  test.each(['of another state', 'of an account that is not theirs'])(
    '%s, and another person, hands out no response',
    async (how) => {
      const server = new ModelServer()
      const found = await connected(server)
      let strangers = 0
      found.onstranger = () => (strangers += 1)
      server.username = 'bob@example.org'
      if (how === 'of another state') {
        server.sessionState = 's2'
      } else {
        server.interrupt = (path) => {
          const methodResponses = [['error', { type: 'accountNotFound' }, '0']]
          return path === '/jmap/' ? Response.json({ methodResponses, sessionState: 's' }) : null
        }
      }
      await expect(found.run([call('Mailbox/get', 'get')])).rejects.toMatchObject({ code: 'no_session' })
      expect([strangers, found.session.username]).toEqual([1, 'me@example.org'])
    }
  )
})

describe('a network that swallows packets', () => {
  const never = (_: unknown, init?: RequestInit): Promise<Response> =>
    new Promise((_, reject) =>
      init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    )

  test('is no response after 90 s of silence', async () => {
    const world = new World()
    const asked = new JmapClient(world.ports(never)).blob('https://mail.test/file')
    const failed = expect(asked).rejects.toMatchObject({ code: 'unavailable', ambiguous: true })
    await world.pass(90_000)
    await failed
  })

  test.each([
    ['that is silent', never],
    ['of which a byte comes now and then', dripping]
  ])('a session %s is no response soon, and the next one has twice the time', async (_, fetch) => {
    const world = new World()
    const client = new JmapClient(world.ports((input, init) => fetch(input, init, world)))
    for (const seconds of [15, 30, 60, 90, 90]) {
      const began = world.time
      const failed = client
        .connect()
        .catch((failure: unknown) => [(failure as JmapFailure).code, (world.time - began) / 1000])
      await world.pass(100_000)
      expect(await failed).toEqual(['unavailable', seconds])
    }
  })

  test.each([
    ['calls', (client: JmapClient) => client.run([call('Email/set', 'set')])],
    ['a file', (client: JmapClient) => client.blob('https://mail.test/file')]
  ])('a response to %s of which a byte comes now and then is no response soon', async (_, ask) => {
    const world = new World()
    const server = new ModelServer()
    const client: JmapClient = new JmapClient(
      world.ports((input, init) => (client.connected ? dripping(input, init, world) : server.fetch(input, init)))
    )
    await client.connect()
    const failed = expect(ask(client)).rejects.toMatchObject({ code: 'unavailable', transient: true, ambiguous: true })
    await world.pass(91_000)
    await failed
  })

  function dripping(_: unknown, init: RequestInit | undefined, world: World): Promise<Response> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const drop = (): void => {
      writer.write(new Uint8Array([32])).catch(() => undefined)
      if (!init?.signal?.aborted) world.ports(globalThis.fetch).after(1_000, drop)
    }
    init?.signal?.addEventListener('abort', () => void writer.abort(new Error('aborted')))
    drop()
    return Promise.resolve(new Response(readable))
  }

  test('differs from a slow one, on which a large file takes its time', async () => {
    const world = new World()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const file = new JmapClient(
      world.ports((_, init) => {
        init?.signal?.addEventListener('abort', () => void writer.abort(new Error('aborted')))
        return Promise.resolve(new Response(readable))
      })
    ).blob('https://mail.test/file')
    for (let part = 0; part < 5; part += 1) {
      await world.pass(60_000)
      await writer.write(new Uint8Array(30_000))
    }
    await writer.close()
    expect((await file).size).toBe(150_000)
  })

  test('in the middle of a file is no response either', async () => {
    const world = new World()
    const file = new JmapClient(
      world.ports((_, init) => {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
        init?.signal?.addEventListener('abort', () => void writable.abort(new Error('aborted')))
        return Promise.resolve(new Response(readable))
      })
    ).blob('https://mail.test/file')
    const failed = expect(file).rejects.toMatchObject({ code: 'unavailable' })
    await world.pass(90_000)
    await failed
  })
})

describe('a failed request', () => {
  test('has the code and number of its problem, and the pause that the service asks for', async () => {
    const problem = Response.json(
      { type: 'urn:postroom:problem:mail_server_away', code: 'mail_server_away' },
      { status: 503, headers: { 'Retry-After': '7', 'X-Request-Id': 'r1' } }
    )
    expect(await failure(new ModelServer(), problem)).toMatchObject({
      code: 'mail_server_away',
      retryAfter: 7,
      reference: 'r1',
      transient: true,
      ambiguous: false
    })
  })

  test('understands Retry-After as a date', async () => {
    const headers = { 'Retry-After': new Date(Date.UTC(2026, 10, 26, 0, 1)).toUTCString() }
    expect(await failure(new ModelServer(), new Response('', { status: 503, headers }))).toMatchObject({
      retryAfter: 60
    })
  })

  test('is for ever if nobody is signed in', async () => {
    const problem = Response.json({ code: 'no_session' }, { status: 401 })
    expect(await failure(new ModelServer(), problem)).toMatchObject({ code: 'no_session', transient: false })
  })

  test('passes if too much was asked at once (RFC 8620 §3.6.1)', async () => {
    const limit = Response.json({ type: 'urn:ietf:params:jmap:error:limit', status: 400 }, { status: 400 })
    expect(await failure(new ModelServer(), limit)).toMatchObject({ code: 'limit', transient: true })
  })

  test('may have been carried out if no response came', async () => {
    expect(await failure(new ModelServer(), 'none')).toMatchObject({ code: 'unavailable', ambiguous: true })
    const silent = Response.json({ code: 'mail_server_silent' }, { status: 504 })
    expect(await failure(new ModelServer(), silent)).toMatchObject({ code: 'mail_server_silent', ambiguous: true })
  })

  test('is no response if something else than JSON came', async () => {
    expect(await failure(new ModelServer(), new Response('<html>'))).toMatchObject({ code: 'unavailable' })
  })
})
