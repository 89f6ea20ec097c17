import type { News } from '#lib/state/mail.ts'
import { notificationOf } from '#lib/state/notification.ts'
import { words } from '#lib/words/en.ts'
import { expect, test } from 'vitest'

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
  ['no such name among several', [ann, news('Bank', { warning: true })], 'what', { body: 'Ann' }]
])('it says %s', (_, given, level, said) => {
  expect(notificationOf(given, level, words.mail)).toMatchObject(said)
})
