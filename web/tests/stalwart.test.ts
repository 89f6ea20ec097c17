import { expect, test } from 'vitest'
import { Mail } from '#lib/state/mail.svelte.ts'
import type { Message } from '#lib/state/mail.ts'
import { stalwartServer } from './stalwart-server.ts'
import { World } from './world.ts'

const ABOUT =
  'What Stalwart 0.16.19 answered to the requests of the mail page, in their order: two mails are there, an answer to ' +
  'the first arrives, its conversation is opened, answered by another program, and archived, and that is undone. Recorded by ' +
  'tests/stalwart-server.ts.'

function message(id: string, subject: string, headers: readonly string[], ...body: string[]): string {
  const own = ['From: Bob Example <bob@example.net>', 'To: Nora <nora@example.org>', `Subject: ${subject}`]
  return [
    ...own,
    'Date: Thu, 26 Nov 2026 22:00:00 +0000',
    `Message-ID: <${id}@example.net>`,
    'MIME-Version: 1.0',
    ...headers,
    '',
    ...body,
    ''
  ].join('\r\n')
}

const PALLETS = message(
  'one',
  'Pallet 3',
  ['List-Id: =?utf-8?q?Wareh=C3=B6use?= <warehouse.example.net>', 'Content-Type: multipart/mixed; boundary=m'],
  ...['--m', 'Content-Type: multipart/alternative; boundary=a', '', '--a', 'Content-Type: text/plain', ''],
  ...['Hello in text', '', '--a', 'Content-Type: text/html', ''],
  ...['<p>Hello <b>in HTML</b> <img src="cid:logo@example.net"></p>', '', '--a--', '--m'],
  ...['Content-Type: image/png', 'Content-ID: <logo@example.net>', 'Content-Disposition: inline'],
  ...['Content-Transfer-Encoding: base64', '', 'iVBORw0KGgo=', '--m', 'Content-Type: application/pdf'],
  ...['Content-Disposition: attachment; filename=Plan.pdf', 'Content-Transfer-Encoding: base64', '', 'JVBERi0xLjQ='],
  '--m--'
)
const LUNCH = message('three', 'Lunch', [], 'Hello in text')
const REPLY = message(
  'two',
  'Re: Pallet 3',
  ['In-Reply-To: <one@example.net>', 'References: <one@example.net>'],
  'Hello in text'
)

test('the responses of a real Stalwart are shown: list, new mail, conversation, reply, archive and undo', async () => {
  const server = stalwartServer()
  const world = new World()
  await server.arrives(PALLETS, LUNCH)
  const mail = new Mail(world.ports(server.fetch))
  mail.show(null)
  await server.idle()
  expect(mail.mailboxes.items.map(({ role, count }) => [role, count])).toEqual([
    ['inbox', 2],
    ['drafts', 0],
    ['sent', 0],
    ['junk', 0],
    ['trash', 0]
  ])
  expect([mail.list?.row(0)?.subject, mail.list?.row(1)?.subject].toSorted()).toEqual(['Lunch', 'Pallet 3'])

  await server.arrives(REPLY)
  mail.connection.tryNow()
  await server.idle()
  const row = mail.list?.row(0)
  const threadId = row?.threadId ?? ''
  expect(row).toMatchObject({ messages: 2, unread: true, attachment: true, preview: 'Hello in text' })
  expect(row?.people).toEqual([{ name: 'Bob Example', address: 'bob@example.net', own: false }])

  mail.reader.open(threadId)
  await server.idle()
  const [first, second] = mail.reader.conversation?.messages as [Message, Message]
  expect(first.body?.html).toContain('<b>in HTML</b>')
  expect(first.body?.inline.get('logo@example.net')?.type).toBe('image/png')
  expect(first.attachments.map(({ name }) => name)).toEqual(['Plan.pdf'])
  expect(first.attachments[0]?.url).toMatch(
    /^https:\/\/mail\.test\/jmap\/download\/\w+\/\w+\/Plan\.pdf\?accept=application%2Fpdf$/
  )
  expect(first.list).toContain('=?utf-8?q?Wareh=C3=B6use?= <warehouse.example.net>')
  expect(first.blobId).toMatch(/^\w+$/)
  expect(second).toMatchObject({
    authentication: 'unknown',
    messageId: ['two@example.net'],
    references: ['one@example.net']
  })

  await world.pass(100)
  await server.idle()
  expect([mail.list?.row(0)?.unread, mail.list?.unread]).toEqual([false, 1])

  // By another program.
  mail.connection.tryNow()
  await server.idle()
  await world.pass(100)
  await server.idle()
  // The last is the copy that came back to Inbox, and no server confirmed it.
  expect(mail.reader.conversation?.messages.map(({ own }) => own)).toEqual([false, false, true, false])
  expect(mail.list?.row(0)).toMatchObject({ messages: 4, answered: true })

  const applied = mail.actions.run({ kind: 'archive' }, [threadId])
  await server.idle()
  await world.pass(100)
  await server.idle()
  expect([mail.list?.total, mail.mailboxes.byRole('archive')?.messages, mail.actions.waiting]).toEqual([1, 3, 0])
  applied?.undo()
  await server.idle()
  await world.pass(100)
  await server.idle()
  expect([mail.list?.total, mail.mailboxes.byRole('archive')?.messages, mail.actions.waiting]).toEqual([2, 0, 0])
  expect(mail.list?.row(0)?.threadId).toBe(threadId)
  expect([mail.actions.refused, world.mistakes]).toEqual([null, []])
  mail.stop()
  server.end(ABOUT)
})
