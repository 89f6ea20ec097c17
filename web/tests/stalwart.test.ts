import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createMail } from '#lib/state/create-mail.svelte.ts'
import type { Message } from '#lib/state/mail.ts'
// Loaded before: a test's clock does not wait for a file.
import '#lib/sync/sending.ts'
import { settled, World } from './world.ts'

interface Exchange {
  methods: string[]
  body: unknown
}

/** Answers as the real server did. A request for other methods than those of its turn was never recorded. */
function replayed(): typeof fetch {
  const recorded = JSON.parse(readFileSync('tests/recorded/stalwart-0.16.19.json', 'utf8')) as { exchanges: Exchange[] }
  return (input, init) => {
    const path = new URL(input instanceof Request ? input.url : input, 'https://mail.test').pathname
    if (path.startsWith('/api/')) {
      return Promise.resolve(new Response('', { status: 404 }))
    }
    const body = init?.body as string | undefined
    const calls = body === undefined ? [] : (JSON.parse(body) as { methodCalls: [string][] }).methodCalls
    const exchange = recorded.exchanges.shift()
    expect(calls.map(([name]) => name)).toEqual(exchange?.methods)
    return Promise.resolve(Response.json(exchange?.body))
  }
}

test('the responses of a real Stalwart are shown: list, new mail, conversation, reply', async () => {
  const world = new World()
  const mail = createMail(world.ports(replayed()))
  mail.show(null)
  await settled()
  expect(mail.mailboxes.items.map(({ role, count }) => [role, count])).toEqual([
    ['inbox', 2],
    ['drafts', 0],
    ['sent', 0],
    ['junk', 0],
    ['trash', 0]
  ])
  expect([mail.list?.row(0)?.subject, mail.list?.row(1)?.subject].toSorted()).toEqual(['Lunch', 'Pallet 3'])

  mail.connection.tryNow()
  await settled()
  const row = mail.list?.row(0)
  expect(row).toMatchObject({ messages: 2, unread: true, attachment: true, preview: 'Hello in text' })
  expect(row?.people).toEqual([{ name: 'Bob Example', address: 'bob@example.net', own: false }])

  mail.reader.open(row?.threadId ?? '')
  await settled()
  const [first, second] = mail.reader.conversation?.messages as [Message, Message]
  expect(first.body?.html).toContain('<b>in HTML</b>')
  expect(first.body?.inline.get('logo@example.net')?.type).toBe('image/png')
  expect(first.attachments.map(({ name }) => name)).toEqual(['Plan.pdf'])
  expect(first.attachments[0]?.url).toMatch(
    /^https:\/\/mail\.test\/jmap\/download\/\w+\/\w+\/Plan\.pdf\?accept=application%2Fpdf$/
  )
  expect(second).toMatchObject({
    authentication: 'unknown',
    messageId: ['three@example.net'],
    references: ['one@example.net']
  })

  await world.pass(100)
  expect([mail.list?.row(0)?.unread, mail.list?.unread]).toEqual([false, 1])

  await mail.sending.send({
    to: second.from,
    cc: [],
    subject: second.subject,
    text: 'The answer\n',
    quoted: '',
    parent: second
  })
  await world.pass(100)
  expect(mail.reader.conversation?.messages.map(({ own }) => own)).toEqual([false, false, true, true])
  expect(mail.list?.row(0)).toMatchObject({ messages: 4, answered: true })
  expect(world.mistakes).toEqual([])
})
