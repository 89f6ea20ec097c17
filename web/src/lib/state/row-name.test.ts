import type { Row } from '#lib/state/mail.ts'
import { rowName } from '#lib/state/row-name.ts'
import { mail } from '#lib/words/en/mail.ts'
import { expect, test } from 'vitest'

const NOW = new Date(2026, 10, 26, 15, 0)
const ROW: Row = {
  threadId: 't',
  emailId: 'e',
  people: [
    { name: 'Mara Lindqvist', address: 'mara@example.net', own: false },
    { name: 'Alice Brandt', address: 'alice@example.org', own: true }
  ],
  messages: 4,
  time: new Date(2026, 10, 26, 14, 32),
  subject: 'Pallet 3',
  preview: 'Please use our new bank account.',
  unread: true,
  starred: true,
  draft: false,
  answered: true,
  forwarded: false,
  attachment: true,
  warning: true,
  labels: ['waiting'],
  mailboxIds: ['inbox'],
  pending: true
}

test('the name of a row says all that the icons show, in a fixed order', () => {
  expect(rowName(ROW, ['Waiting'], NOW, mail)).toBe(
    'Unread. Starred. Warning: sender not confirmed. Mara, me, 4 messages. Pallet 3. Please use our new bank account. Attachment. Answered. Label Waiting. Waits for the connection. 14:32.'
  )
})

test('the name of a row does not mention what is not true', () => {
  const plain = {
    ...ROW,
    unread: false,
    starred: false,
    warning: false,
    answered: false,
    attachment: false,
    messages: 1,
    labels: [],
    pending: false
  }
  expect(rowName({ ...plain, people: [], subject: '', preview: '' }, [], NOW, mail)).toBe(
    '(no sender). (no subject). 14:32.'
  )
})
