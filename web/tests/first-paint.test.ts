import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

const ANN = '0192-ann'
const BEN = '0192-ben'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

interface Scene {
  mail: Mail
  world: World
}

/** The service sent the page to `person`. */
async function opened(server: ModelServer, person: string | null, use?: (mail: Mail) => void): Promise<Scene> {
  const world = new World()
  world.person = person
  const mail = new Mail(world.ports(server.fetch))
  use?.(mail)
  mail.show(null)
  await settled()
  return { mail, world }
}

/** What Ann's browser keeps after a visit. */
async function visited(): Promise<ModelServer> {
  const server = new ModelServer()
  server.identityId = ANN
  server.deliver({ from: [{ name: 'Ann', email: 'me@example.org' }], mailboxIds: { inbox: true, sent: true } })
  server.deliver({ subject: 'Second' })
  const { mail, world } = await opened(server, ANN)
  await world.pass(1_000)
  mail.stop()
  await settled()
  return server
}

/** The response to the session waits until it is called. */
function heldSession(server: ModelServer, respond: () => Response | null = () => null): () => void {
  let release = (): void => undefined
  const waiting = new Promise<void>((resolve) => {
    release = resolve
  })
  server.interrupt = async (path) => (path === '/jmap/session' ? (await waiting, respond()) : null)
  return release
}

/** Whatever a view could have shown, at every turn of the event loop. */
function watched(mail: Mail): unknown[] {
  const seen: unknown[] = []
  const look = (): void => {
    seen.push(...[mail.list?.row(0), mail.mailboxes.items[0], mail.address].filter(Boolean))
  }
  const timer = setInterval(look, 0)
  void settled().then(() => clearInterval(timer))
  return seen
}

describe('before any response of the network', () => {
  test('the person to whom the page was sent sees the list that this device kept', async () => {
    const server = await visited()
    heldSession(server)
    const { mail } = await opened(server, ANN)
    await mail.restored
    expect(mail.list).toMatchObject({ freshness: 'cached', total: 2 })
    expect(mail.list?.row(0)?.subject).toBe('Second')
    expect(mail.mailboxes.byRole('inbox')?.count).toBe(2)
    expect(mail.address).toBe('me@example.org')
    expect(mail.list?.row(1)?.people[0]?.own).toBe(true)
  })

  test.each([BEN, null])('nothing of it is shown on a page that was sent to %s', async (person) => {
    const server = await visited()
    heldSession(server)
    let seen: unknown[] = []
    const { mail } = await opened(server, person, (mail) => (seen = watched(mail)))
    await mail.restored
    expect([mail.list, mail.mailboxes.items, mail.address, seen]).toEqual([null, [], '', []])
  })

  test('nothing is changed at the server, however soon a mail is opened', async () => {
    const server = await visited()
    const release = heldSession(server)
    const { mail, world } = await opened(server, ANN)
    server.requests.length = 0
    mail.reader.open('t2')
    await world.pass(1_000)
    expect(mail.reader.conversation?.subject).toBe('Second')
    expect(server.requests).toEqual([])
    release()
    await world.pass(1_000)
    expect(mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
    expect(server.emails.get('e2')?.keywords).toEqual({ $seen: true })
  })
})

describe('when the network answers', () => {
  test('what changed since is shown', async () => {
    const server = await visited()
    server.deliver({ subject: 'Third' })
    const release = heldSession(server)
    const { mail } = await opened(server, ANN)
    expect(mail.list?.row(0)?.subject).toBe('Second')
    release()
    await vi.waitFor(() => expect(mail.list?.freshness).toBe('current'))
    expect(mail.list?.row(0)?.subject).toBe('Third')
  })

  test('that the session ended, nothing of the person stays on the screen, and it is kept for the next login', async () => {
    const server = await visited()
    const release = heldSession(server, () => Response.json({ code: 'no_session' }, { status: 401 }))
    const { mail } = await opened(server, ANN)
    expect(mail.list?.row(0)).toBeDefined()
    release()
    await settled()
    expect([mail.list, mail.mailboxes.items, mail.address]).toEqual([null, [], ''])
    expect(mail.trouble?.code).toBe('no_session')
    expect(await indexedDB.databases()).toHaveLength(1)
  })

  test('that a second factor is due, nothing stays on the screen either', async () => {
    const server = await visited()
    const release = heldSession(server, () => Response.json({ code: 'session_aal2_required' }, { status: 403 }))
    const { mail } = await opened(server, ANN)
    release()
    await settled()
    expect([mail.list, mail.trouble?.code]).toEqual([null, 'session_aal2_required'])
  })

  test('that the mail server is away, what is kept can be read', async () => {
    const server = await visited()
    server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503 })
    const { mail } = await opened(server, ANN)
    expect(mail.list?.row(0)?.subject).toBe('Second')
    expect(mail.list).toMatchObject({ freshness: 'cached', trouble: { code: 'mail_server_away' } })
    expect(mail.trouble).toBeNull()
  })

  test('that somebody else has signed in meanwhile, the page is emptied and starts anew for them', async () => {
    const server = await visited()
    const release = heldSession(server)
    const { mail, world } = await opened(server, ANN)
    mail.reader.open('t2')
    expect(mail.list?.row(0)).toBeDefined()
    server.identityId = BEN
    server.username = 'ben@example.org'
    server.requests.length = 0
    release()
    await world.pass(1_000)
    expect([mail.list, mail.mailboxes.items, mail.reader.conversation?.messages]).toEqual([null, [], []])
    expect([world.reloads, server.requests]).toEqual([1, []])
    expect(await indexedDB.databases()).toEqual([])
  })

  test('a session that names nobody is none of the service: nothing is deleted for it, and the page stays', async () => {
    const server = await visited()
    server.identityId = null
    const { mail, world } = await opened(server, ANN)
    await world.pass(10_000)
    expect(world.reloads).toBe(0)
    expect(mail.list?.row(0)?.subject).toBe('Second')
    expect(mail.list?.trouble?.code).toBe('unavailable')
    server.identityId = ANN
    await world.pass(60_000)
    expect(mail.list).toMatchObject({ freshness: 'current', trouble: null })
  })
})

test('what a service keeps that names nobody is shown to nobody before it is known who is signed in', async () => {
  const server = new ModelServer()
  server.deliver()
  const first = await opened(server, null)
  await first.world.pass(1_000)
  first.mail.stop()
  await settled()
  heldSession(server)
  const { mail } = await opened(server, ANN)
  expect(mail.list).toBeNull()
})

test('a draft that is begun while nobody answers is kept, however often it is tried again', async () => {
  const server = await visited()
  server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
  const { mail, world } = await opened(server, ANN)
  const compose = await mail.compose()
  const composition = await compose.start({ kind: 'new' })
  for (const text of ['In the', 'In the tunnel']) {
    composition.change({ format: 'plain', html: '', text, subject: 'Tunnel' })
    await world.pass(60_000)
    expect(composition.save.kind).not.toBe('failed')
  }
  mail.stop()
  const later = await opened(server, ANN)
  const kept = await later.mail.compose()
  await later.world.pass(1_000)
  expect([...kept.open, ...kept.unsentDrafts].map(({ draft }) => draft.text)).toEqual(['In the tunnel'])
})
