import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import type { Invocation } from '#lib/jmap/types.ts'
import { ModelServer } from './model-server.ts'
import { deliver, failing, opened, shown, type Scene } from './scene.ts'
import { isTaken } from './some-pairs.ts'

/** What may become of one request. `late` is by the clock of the scene. */
const FAULTS: Record<
  string,
  (server: ModelServer, body: string, scene: Scene | null) => ReturnType<ModelServer['interrupt']>
> = {
  'three seconds late': async (_, __, scene) => {
    await new Promise<void>((resolve) => scene?.world.ports(scene.server.fetch).after(3_000, resolve) ?? resolve())
    return null
  },
  'never sent': () => {
    throw new TypeError('offline')
  },
  'cut off': (server, body) => {
    const whole = server.respond('/jmap/', body)
    return whole.text().then((text) => new Response(text.slice(0, text.length / 2)))
  },
  'lost after its effect': (server, body) => {
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  },
  'a plain 500': () => new Response('oops', { status: 500 }),
  'the mail server is busy': () =>
    Response.json({ code: 'mail_server_busy' }, { status: 503, headers: { 'Retry-After': '2' } }),
  limit: () =>
    Response.json({ type: 'urn:ietf:params:jmap:error:limit', limit: 'maxConcurrentRequests' }, { status: 400 }),
  'too many requests': () => Response.json({}, { status: 429, headers: { 'Retry-After': '7' } }),
  stateMismatch: (server, body) => refused(server, body, /\/set$/u, 'stateMismatch'),
  cannotCalculateChanges: (server, body) => refused(server, body, /\/changes$/u, 'cannotCalculateChanges'),
  serverPartialFail: (server, body) => partly(server, body),
  serverUnavailable: (server, body) => refused(server, body, /./u, 'serverUnavailable')
}

/** The methods do nothing. */
function refused(
  server: ModelServer,
  body: string,
  methods: RegExp,
  type: string
): ReturnType<ModelServer['interrupt']> {
  const { methodCalls } = JSON.parse(body) as { methodCalls: Invocation[] }
  const name = methodCalls.map(([method]) => method).find((method) => methods.test(method))
  return name === undefined ? null : failing(name, server, type)('/jmap/', body)
}

/** Some of it was done (RFC 8620 §3.6.2). */
async function partly(server: ModelServer, body: string): Promise<Response> {
  const response = (await server.respond('/jmap/', body).json()) as { methodResponses: Invocation[] }
  const methodResponses = response.methodResponses.map(([name, args, id]) =>
    name === 'Email/set' ? ['error', { type: 'serverPartialFail' }, id] : [name, args, id]
  )
  return Response.json({ ...response, methodResponses })
}

/** A few minutes with a mailbox. */
async function live({ mail, world }: Scene): Promise<void> {
  // Nobody can act on what is not there yet.
  for (let second = 0; second < 30 && mail.list?.freshness !== 'current'; second += 1) {
    await world.pass(1_000)
  }
  mail.reader.open('t60')
  await world.pass(200)
  mail.actions.run({ kind: 'archive' }, ['t60', 't59'])
  await world.pass(200)
  mail.actions.run({ kind: 'star', on: true }, ['t50'])
  mail.actions.run({ kind: 'delete' }, ['t51'])?.undo()
  const applied = mail.actions.run({ kind: 'spam', on: true }, ['t52'])
  await world.pass(1_000)
  applied?.undo()
  await world.pass(100)
  mail.list?.want(50, 60)
  await world.pass(100)
  mail.show('trash')
  await world.pass(100)
  mail.show(null)
  mail.actions.run({ kind: 'delete' }, ['t40', 't41'])
  await world.pass(100)
}

async function scene(server: ModelServer): Promise<Scene> {
  globalThis.indexedDB = new IDBFactory()
  return opened(server, null, {})
}

function filled(): ModelServer {
  const server = new ModelServer()
  deliver(server, 60)
  return server
}

/** How many requests it takes when nothing fails. */
async function requests(): Promise<number> {
  const server = filled()
  const { mail, world } = await scene(server)
  await live({ mail, world, server })
  await world.pass(60_000)
  mail.stop()
  return server.requests.length
}

const NUMBERS = Array.from({ length: await requests() }, (_, number) => number)

const CASES = Object.keys(FAULTS).flatMap((fault, at) =>
  NUMBERS.filter((number) => isTaken(at, number)).map((number) => [fault, number] as const)
)

test.each(CASES)('%s, request %i: nothing is lost or done twice, and nothing waits for ever', async (fault, number) => {
  const server = filled()
  let found: Scene | null = null
  let count = 0
  server.interrupt = (path, body) => {
    const isMeant = path === '/jmap/' && count === number
    count += path === '/jmap/' ? 1 : 0
    return isMeant ? (FAULTS[fault]?.(server, body, found) ?? null) : null
  }
  const opening = scene(server)
  found = await opening
  await live(found)
  await found.world.pass(120_000)
  await found.world.pass(300_000)
  check(found)
  found.mail.stop()
})

function check(scene: Scene): void {
  const { mail, server, world } = scene
  const boxes = (id: string): string[] => Object.keys(server.emails.get(id)?.mailboxIds ?? {})
  const [archive] = server.mailboxes().filter(({ role }) => role === 'archive')
  const roles = server.mailboxes().flatMap(({ role }) => role ?? [])
  expect(roles).toEqual([...new Set(roles)])
  expect(['t60', 't59'].flatMap((thread) => boxes(thread.replace('t', 'e')))).toEqual([archive?.id, archive?.id])
  expect(['e51', 'e52'].map(boxes)).toEqual([['inbox'], ['inbox']])
  expect(['e40', 'e41'].map(boxes)).toEqual([['trash'], ['trash']])
  expect(server.emails.get('e50')?.keywords).toEqual({ $flagged: true })
  expect(server.emails.get('e60')?.keywords).toEqual({ $seen: true })
  expect(shown(scene)).toEqual(server.list('inbox').slice(0, 50))
  expect([mail.actions.waiting, mail.list?.freshness, mail.list?.trouble, mail.trouble]).toEqual([
    0,
    'current',
    null,
    null
  ])
  expect([mail.actions.refused, world.mistakes]).toEqual([null, []])
}
