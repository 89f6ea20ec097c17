import { expect, test } from 'vitest'
import { deliveryOf, reachedNobody } from './delivery.ts'

test.each([
  ['550 5.1.2 Mailbox does not exist.', 'unknown_mailbox', '5.1.2', 'Mailbox does not exist.'],
  ['Code: 550, Enhanced code: 5.1.1, Message: No such user', 'unknown_mailbox', '5.1.1', 'No such user'],
  ['552 5.2.2 Mailbox full.', 'full', '5.2.2', 'Mailbox full.'],
  ['552 5.3.4 Message too big for system.', 'too_large', '5.3.4', 'Message too big for system.'],
  ['550 5.7.1 Not from here.', 'policy', '5.7.1', 'Not from here.'],
  ['Code: 550, Enhanced code: 0.0.0, Message: No', 'other', '550', 'No'],
  ['Connection refused', 'other', '', 'Connection refused'],
  ['', 'other', '', '']
])('a reply of a mail server is told in plain words: %j', (reply, reason, code, said) => {
  const deliveryStatus = { 'a@x': { delivered: 'no', smtpReply: reply } }
  expect(deliveryOf({ deliveryStatus }).refused).toEqual([{ address: 'a@x', reason, code, said }])
})

test('who is not known to be refused counts as reached, also without a status', () => {
  const deliveryStatus = {
    'a@x': { delivered: 'no', smtpReply: '550 5.1.1 Who?' },
    'b@x': { delivered: 'queued', smtpReply: '250' },
    'c@x': {}
  }
  expect(deliveryOf({ deliveryStatus })).toMatchObject({ recipients: 3, refused: [{ address: 'a@x', code: '5.1.1' }] })
  expect([reachedNobody({ deliveryStatus }), reachedNobody({}), reachedNobody({ deliveryStatus: null })]).toEqual([
    false,
    false,
    false
  ])
})
