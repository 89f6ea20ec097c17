import { describe, expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { call, JmapClient } from './client.ts'
import { JmapFailure } from './errors.ts'

function client(server: ModelServer): JmapClient {
  return new JmapClient({ fetch: server.fetch, now: () => Date.UTC(2026, 10, 26), origin: 'https://mail.test' })
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

test('a download is on our own origin, whatever host the session names, with its name encoded', async () => {
  const found = await connected(new ModelServer())
  expect(found.downloadUrl({ blobId: 'b/1', name: 'a b?.pdf', type: 'application/pdf' })).toBe(
    'https://mail.test/jmap/download/a/b%2F1/a%20b%3F.pdf?accept=application%2Fpdf'
  )
})

test('the error of one call is raised where its answer is read, and costs no other call', async () => {
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

  test('may have been carried out if no answer came', async () => {
    expect(await failure(new ModelServer(), 'none')).toMatchObject({ code: 'unavailable', ambiguous: true })
    const silent = Response.json({ code: 'mail_server_silent' }, { status: 504 })
    expect(await failure(new ModelServer(), silent)).toMatchObject({ code: 'mail_server_silent', ambiguous: true })
  })

  test('is no answer if something else than JSON came', async () => {
    expect(await failure(new ModelServer(), new Response('<html>'))).toMatchObject({ code: 'unavailable' })
  })
})
