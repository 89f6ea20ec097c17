/** All tabs of a browser share one cookie: another person may sign in while a tab still shows the mail of the first. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Invocation } from '#lib/jmap/types.ts'
import { ModelServer } from './model-server.ts'
import { hint, opened, type Scene } from './scene.ts'
import { settled } from './world.ts'
import { begun, draftsOn, writing } from './writing.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** From now on the cookie is Bob's: the gateway serves his account alone. */
function signInAsBob(ann: ModelServer, bob: ModelServer, sessionState: string): void {
  ann.interrupt = async (path, body) => {
    if (path === '/jmap/session') {
      const session = (await bob.respond(path, body).json()) as { capabilities: Record<string, unknown> }
      const primaryAccounts = { 'urn:ietf:params:jmap:mail': 'b' }
      return Response.json({ ...session, username: 'bob@example.org', primaryAccounts, state: sessionState })
    }
    const { methodCalls } = JSON.parse(body) as { methodCalls: Invocation[] }
    const refused = methodCalls.map(([, , id]) => ['error', { type: 'accountNotFound' }, id])
    const isBobs = methodCalls.every(([, { accountId }]) => accountId === 'b')
    const response = (await bob.respond(path, body).json()) as { methodResponses: unknown }
    return Response.json({ methodResponses: isBobs ? response.methodResponses : refused, sessionState })
  }
}

// Stalwart tells each person another state; the stand-in, and others, the same.
describe.each(['s', "bob's"])('with the session state %j', (sessionState) => {
  async function switched(): Promise<Scene & { bob: ModelServer }> {
    const [ann, bob] = [new ModelServer(), new ModelServer()]
    ann.deliver({ subject: 'For Ann' })
    bob.deliver({ subject: 'For Bob' })
    bob.deliver({ subject: 'Also for Bob' })
    const scene = await opened(ann)
    signInAsBob(ann, bob, sessionState)
    return { ...scene, bob }
  }

  test('the tab of the first person shows nothing of either, asks no more, and is loaded anew', async () => {
    const scene = await switched()
    const { server, mail, world } = scene
    mail.reader.open('t1')
    await settled()
    const seen: unknown[] = []
    const look = setInterval(() => seen.push(mail.list?.row(0)?.subject), 0)
    await hint(scene)
    clearInterval(look)
    expect(seen).not.toContain('For Bob')
    expect(mail.trouble?.code).toBe('no_session')
    expect([mail.list, mail.mailboxes.items, mail.reader.conversation?.messages]).toEqual([null, [], []])
    expect(world.reloads).toBe(1)
    server.interrupt = () => expect.unreachable()
    world.return()
    await world.pass(600_000)
    expect(world.mistakes).toEqual([])
  })

  test('what the first person sends does not leave, and stays on this device', async () => {
    const [ann, bob] = [new ModelServer(), new ModelServer()]
    const scene = await writing(ann)
    const draft = await begun(scene)
    signInAsBob(ann, bob, sessionState)
    await draft.send({ anyway: true })
    await scene.world.pass(60_000)
    const left = [ann, bob].map((server) => [server.sending.delivered, draftsOn({ server })])
    expect(left).toEqual([
      [[], []],
      [[], []]
    ])
    expect(scene.mail.unsent).toBe(1)
  })
})

test('what the next person writes stays on this device, and nothing of the first does', async () => {
  const [ann, bob] = [new ModelServer(), new ModelServer()]
  bob.username = 'bob@example.org'
  const scene = await writing(ann)
  await begun(scene)
  await scene.world.pass(1_000)
  const next = await writing(bob)
  await begun(next, 'Dear Carol')
  await next.world.pass(1_000)
  signInAsBob(ann, bob, "bob's")
  await hint(scene)
  await scene.world.pass(1_000)
  const again = await writing(bob)
  expect(again.compose.open.map(({ draft }) => draft.text)).toEqual(['Dear Carol'])
  expect((await indexedDB.databases()).map(({ name }) => name)).toEqual([expect.stringContaining('bob@example.org')])
})

test('a session that changed for the same person is taken over', async () => {
  const scene = await opened()
  const { server, mail } = scene
  server.interrupt = async (path, body) => {
    const response = (await server.respond(path, body).json()) as object
    return Response.json({ ...response, ...(path === '/jmap/session' ? { state: 's2' } : { sessionState: 's2' }) })
  }
  server.deliver({ subject: 'New' })
  await hint(scene)
  await settled()
  expect([mail.trouble, mail.list?.row(0)?.subject]).toEqual([null, 'New'])
})
