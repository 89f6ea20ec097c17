/** A message is written and sent, while one response lacks a property, or has one of another type. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { describe, expect, test } from 'vitest'
import type { Arguments, Id, Invocation } from '#lib/jmap/types.ts'
import { browser, pass, received, tab, within, type Browser } from './sending-scene.ts'

interface Scene extends Browser {
  /** names of the calls of each request of the way, in its order */
  readonly calls: string[][]
}

type Change = (args: Arguments) => unknown

/** Only requests of the way of the message count. */
const OF_THE_WAY = /Submission|\/set"|Identity|"keywords","messageId"|"id","keywords"[\],]/u

/** The response to one call of one request is another one. */
function scene(number: number, method: string, change: Change): Scene {
  globalThis.indexedDB = new IDBFactory()
  const made = { ...browser(), calls: [] as string[][] }
  const { server } = made
  server.now = () => made.world.time
  server.interrupt = async (path, body) => {
    if (path !== '/jmap/' || !OF_THE_WAY.test(body)) return null
    const response = (await server.respond(path, body).json()) as { methodResponses: Invocation[] }
    const isIt = made.calls.push(response.methodResponses.map(([name]) => name)) - 1 === number
    const methodResponses = response.methodResponses.map(([name, args, id]) => [
      name,
      isIt && name === method ? change(args) : args,
      id
    ])
    return Response.json({ ...response, methodResponses })
  }
  return made
}

/** In the end it is sent, if it must be by a decision of the person. Returns what they were told. */
async function sent(made: Scene): Promise<string[]> {
  const one = await tab(made)
  const id = await one.write()
  await pass(made, 5_000)
  await one.sendings.send(id)
  await pass(made, 90_000, 10_000)
  for (let round = 0; round < 3; round += 1) {
    const kept = one.drafts.get(id)
    if (kept?.sending?.step === 'unknown') await one.sendings.sendAgain(id)
    else if (kept && !kept.sending) await one.sendings.send(id)
    await pass(made, 60_000, 10_000)
  }
  expect(one.drafts.all()).toEqual([])
  one.kill()
  return one.told
}

function facts(made: Scene): unknown[] {
  return [received(made), within(made, 'sent'), within(made, 'drafts'), made.world.mistakes]
}

const LEFT_ONCE = [['Pallets'], ['Pallets'], [], []]

const plain = scene(-1, '', (args) => args)
await sent(plain)
const PLACES = plain.calls.flatMap((methods, number) =>
  [...new Set(methods)].filter((method) => method !== 'Thread/get').map((method) => ({ method, number }))
)

const PROPERTIES: Record<string, readonly string[]> = {
  get: ['list', 'state'],
  query: ['ids'],
  set: ['created', 'newState']
}

describe.each(PLACES)('a message leaves once, though $method of request $number', ({ method, number }) => {
  test.each([null, 'x'])('has a response %j', async (args) => {
    const made = scene(number, method, () => args)
    expect((await sent(made)).at(-1)).toBe('sent Pallets')
    expect(facts(made)).toEqual(LEFT_ONCE)
  })

  test.each(PROPERTIES[method.split('/')[1] ?? ''] ?? [])('has no %s, or another one', async (name) => {
    for (const value of [undefined, [null]]) {
      const made = scene(number, method, (args) => ({ ...args, [name]: value }))
      expect((await sent(made)).at(-1), JSON.stringify(value)).toBe('sent Pallets')
      expect(facts(made), JSON.stringify(value)).toEqual(LEFT_ONCE)
    }
  })
})

test('a message leaves once, though the responses of each request come in another order', async () => {
  const made = scene(-1, '', (args) => args)
  const { interrupt } = made.server
  made.server.interrupt = async (path, body) => {
    const response = await interrupt(path, body)
    const told = (await response?.json()) as { methodResponses: Invocation[] } | undefined
    return told ? Response.json({ ...told, methodResponses: told.methodResponses.toReversed() }) : null
  }
  expect(await sent(made)).toEqual(['sent Pallets'])
  expect(facts(made)).toEqual(LEFT_ONCE)
})

test('a mail server that knows no filter of submissions: what was never submitted is not told as sent', async () => {
  const made = scene(-1, '', (args) => args)
  const { server } = made
  const query = server.sending.query.bind(server.sending)
  Object.assign(server.sending, { query: () => query({}) })
  const one = await tab(made)
  await one.sendings.send(await one.write({ subject: 'Boats' }))
  await pass(made, 60_000, 5_000)
  const id = await one.write()
  await pass(made, 5_000)
  const { interrupt } = server
  server.interrupt = (path, body) => {
    if (!body.includes('"EmailSubmission/set"')) return interrupt(path, body)
    server.interrupt = interrupt
    throw new TypeError('not sent')
  }
  await one.sendings.send(id)
  await pass(made, 60_000, 5_000)
  expect([received(made), one.told, one.drafts.get(id)?.sending?.step]).toEqual([
    ['Boats'],
    ['sent Boats', 'outcome_unknown'],
    'unknown'
  ])
  one.kill()
})

test.each<[string, Change]>([
  ['no replies', () => ({ deliveryStatus: { 'ann@example.net': null } })],
  ['replies of another type', () => ({ deliveryStatus: { 'ann@example.net': { delivered: 'no', smtpReply: 550 } } })],
  ['no status', () => ({ deliveryStatus: 'queued' })],
  ['the submission of another email', ({ emailId }) => ({ emailId: `${emailId as Id}0` })]
])('a submission with %s: the message leaves once, or the person decides', async (_, change) => {
  const made = scene(-1, '', (args) => args)
  const { interrupt } = made.server
  made.server.interrupt = async (path, body) => {
    const response = await interrupt(path, body)
    const told = (await response?.json()) as { methodResponses: Invocation[] } | undefined
    const methodResponses = told?.methodResponses.map(([name, args, id]) => {
      const list = (args['list'] ?? []) as Arguments[]
      const changed = { ...args, list: list.map((one) => ({ ...one, ...(change(one) as Arguments) })) }
      return [name, name === 'EmailSubmission/get' ? changed : args, id]
    })
    return told ? Response.json({ ...told, methodResponses }) : null
  }
  const one = await tab(made)
  const id = await one.write()
  await pass(made, 5_000)
  await one.sendings.send(id)
  await pass(made, 120_000, 10_000)
  expect(received(made)).toEqual(['Pallets'])
  const isSent = one.told.includes('sent Pallets')
  expect([isSent, one.drafts.all().length, made.world.mistakes]).toEqual([isSent, isSent ? 0 : 1, []])
  one.kill()
})
