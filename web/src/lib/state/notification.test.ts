import type { News } from '#lib/state/mail.ts'
import { notificationOf } from '#lib/state/notification.ts'
import { NewMail } from '#lib/state/new-mail.ts'
import { Rows } from '#lib/state/rows.ts'
import { isNews } from '#lib/store/news.ts'
import { Objects } from '#lib/store/objects.ts'
import type { ArrivingEmails } from '#lib/sync/arriving-emails.ts'
import { words } from '#lib/words/en.ts'
import { expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'

function news(name: string, change: Partial<News> = {}): News {
  const from = { name, address: `${name.toLowerCase()}@example.net`, own: false }
  return { threadId: `t-${name}`, from, subject: 'Pallet 3', warning: false, ...change }
}

const [ann, bob] = [news('Ann'), news('Bob')]
const ONE = { title: '1 new conversation in Inbox', body: '' }

test.each<[string, News[], 'that' | 'what', object]>([
  ['nothing of the mail unless the person wishes it', [ann], 'that', { ...ONE, threadId: 't-Ann' }],
  ['the sender and the subject', [ann], 'what', { title: 'Ann', body: 'Pallet 3', threadId: 't-Ann' }],
  ['that there is no subject', [news('Ann', { subject: '' })], 'what', { body: '(no subject)' }],
  [
    'of several the senders',
    [ann, bob, news('Ann', { threadId: 't2' })],
    'what',
    {
      title: '3 new conversations in Inbox',
      body: 'Ann, Bob',
      threadId: null
    }
  ],
  ['no name that could not be confirmed', [news('Bank', { warning: true })], 'what', ONE],
  [
    'the address of whoever has no name, or one that is taken for an address',
    [news('', { from: { name: 'boss@example.org', address: 'x@evil.example', own: false } })],
    'what',
    { title: 'x@evil.example (boss@example.org)' }
  ],
  [
    'a name and a subject in a line each',
    [news('Ann\nBank', { subject: 'Pallet 3\r\n\u2028Signed in elsewhere' })],
    'what',
    { title: 'Ann Bank', body: 'Pallet 3 Signed in elsewhere' }
  ],
  ['no such name among several', [ann, news('Bank', { warning: true })], 'what', { body: 'Ann' }]
])('it says %s', (_, given, level, said) => {
  expect(notificationOf(given, level, words.mail)).toMatchObject(said)
})

test('a message by several senders is told by the addresses of all of them, also if the reader is said to be one', () => {
  const server = new ModelServer()
  const me = { name: 'Me', email: 'me@example.org' }
  const email = server.deliver({ from: [me, { name: 'Bank', email: 'x@evil.example' }] })
  const objects = new Objects()
  objects.putEmails([email])
  const isOwn = (address: string): boolean => address === me.email
  const arriving = { tell: () => undefined } as unknown as ArrivingEmails
  const told: News[] = []
  new NewMail(arriving, new Rows(objects, isOwn)).listen((some) => told.push(...some))
  arriving.tell([email], 'what')
  expect(notificationOf(told, 'what', words.mail).title).toBe('me@example.org, x@evil.example')
  expect(isNews(email, isOwn)).toBe(true)
})
