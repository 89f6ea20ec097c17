import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { deliver, opened, shown, type Scene } from './scene.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

const PART = { partId: '2', blobId: 'b2', size: 8, name: null, type: 'text/plain', disposition: null, cid: null }
const AWAY = (): Response => Response.json({ code: 'mail_server_away' }, { status: 503 })

async function show({ mail, world }: Scene, mailbox: string): Promise<void> {
  mail.show(mailbox)
  await settled()
  await world.pass(1_000)
}

async function left({ mail, world }: Scene): Promise<void> {
  await world.pass(1_000)
  mail.stop()
  await settled()
}

describe('while the mail server is away', () => {
  test('the lists that were shown before can be shown, after a reload too', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    server.deliver({ mailboxIds: { sent: true } })
    server.deliver({ mailboxIds: { trash: true } })
    const first = await opened(server)
    for (const mailbox of ['sent', 'trash', 'inbox']) await show(first, mailbox)
    await left(first)
    server.interrupt = (path) => (path === '/jmap/' ? AWAY() : null)
    const second = await opened(server)
    expect(shown(second)).toEqual(['e3', 'e2', 'e1'])
    await show(second, 'trash')
    expect([second.mail.list?.freshness, ...shown(second)]).toEqual(['cached', 'e5'])
    await show(second, 'sent')
    expect(shown(second)).toEqual(['e4'])
    await show(second, 'drafts')
    expect([second.mail.list?.freshness, second.mail.list?.total]).toEqual(['failed', null])
  })

  test('a conversation that another tab read meanwhile is read', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const second = await opened(server)
    const first = await opened(server)
    first.mail.reader.open('t1')
    await left(first)
    server.interrupt = AWAY
    second.mail.reader.open('t1')
    await settled()
    expect(second.mail.reader.conversation?.messages[0]?.body?.text).toBe('The text')
  })

  test('a conversation that was read before is read, though it is not known yet who is signed in', async () => {
    const server = new ModelServer()
    server.identityId = 'ann'
    deliver(server, 2)
    server.update('e1', {
      attachments: [{ ...PART, name: 'plan.pdf', type: 'application/pdf', disposition: 'attachment' }]
    })
    const first = await opened(server)
    first.mail.reader.open('t1')
    await left(first)
    server.interrupt = AWAY
    const second = await opened(server, null, {}, 'ann')
    expect(shown(second)).toEqual(['e2', 'e1'])
    second.mail.reader.open('t1')
    await settled()
    const [message] = second.mail.reader.conversation?.messages ?? []
    expect([message?.body?.text, message?.attachments[0]?.name]).toEqual(['The text', 'plan.pdf'])
    second.mail.reader.open('t2')
    await settled()
    expect(second.mail.reader.conversation?.messages[0]).toMatchObject({
      body: null,
      trouble: { code: 'mail_server_away' }
    })
    server.interrupt = () => null
    second.mail.connection.tryNow()
    second.mail.reader.open('t1')
    await settled()
    expect(second.mail.reader.conversation?.messages[0]?.attachments[0]?.url).toContain('/b2/plan.pdf')
  })
})
