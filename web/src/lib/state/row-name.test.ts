import type { Row } from '#lib/state/mail.ts'
import { rowName } from '#lib/state/row-name.ts'
import { mail as german } from '#lib/words/de/mail.ts'
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
  news: 0,
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
  pending: true
}

test('the name of a row says all that the icons show, in a fixed order', () => {
  expect(rowName(ROW, ['Waiting'], NOW, mail)).toBe(
    'Unread. Starred. Warning: sender not confirmed. Mara, me, 4 messages. Pallet 3. Please use our new bank account. Attachment. Answered. Label Waiting. Waits for the connection. Today 14:32.'
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
    '(no sender). (no subject). Today 14:32.'
  )
  expect(rowName({ ...plain, draft: true, people: [], preview: '' }, [], NOW, mail)).toBe(
    'Draft. Pallet 3. Today 14:32.'
  )
})

test.each([
  [new Date(2026, 10, 26, 9, 5), 'Today 09:05.', 'Heute 09:05.'],
  [new Date(2026, 10, 25, 23, 59), 'Yesterday 23:59.', 'Gestern 23:59.'],
  [new Date(2026, 10, 20, 9, 12), 'Friday 09:12.', 'Freitag 09:12.'],
  [new Date(2026, 10, 19, 9, 12), '19 November at 09:12.', '19. November um 09:12.'],
  [new Date(2025, 10, 12, 14, 32), '12 November 2025 at 14:32.', '12. November 2025 um 14:32.'],
  [new Date(2026, 10, 27, 0, 1), '27 November at 00:01.', '27. November um 00:01.']
])('the name of a row ends with the date in words: %s', (time, inEnglish, inGerman) => {
  const row = { ...ROW, time, pending: false, labels: [] }
  expect(rowName(row, [], NOW, mail)).toMatch(new RegExp(`Answered\\. ${inEnglish}$`))
  expect(rowName(row, [], NOW, german)).toMatch(new RegExp(`Beantwortet\\. ${inGerman}$`))
})
