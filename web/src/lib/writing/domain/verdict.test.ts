import { expect, test } from 'vitest'
import type { Submission } from './delivery.ts'
import { verdictOf, type FinalEmail } from './verdict.ts'

const NOBODY = { 'ann@example.net': { delivered: 'no', smtpReply: '550 5.1.1 who?' } }
const email = (isDraft: boolean): FinalEmail => ({ id: 'e', keywords: isDraft ? { $draft: true } : {}, mailboxIds: {} })
const submission = (undoStatus: string, deliveryStatus: Submission['deliveryStatus'] = null): Submission => ({
  id: 's',
  emailId: 'e',
  undoStatus,
  deliveryStatus
})

test.each([
  ['a submission that is held', [submission('pending')], email(false), 'sent'],
  ['one that left, whatever its email is', [submission('final')], email(true), 'sent'],
  ['one that left after another was canceled', [submission('canceled'), submission('final')], email(false), 'sent'],
  ['one that nobody got', [submission('final', NOBODY)], email(false), 'refused'],
  [
    'one that was canceled, also if nobody would have got it',
    [submission('canceled', NOBODY)],
    email(false),
    'canceled'
  ],
  ['one that was canceled, and is a draft again', [submission('canceled')], email(true), 'draft'],
  ['no submission, and a draft', [], email(true), 'draft'],
  ['no submission, and no draft any more', [], email(false), 'sent'],
  ['nothing at all', [], null, 'gone']
] as const)('what became of a message is told by %s', (_, submissions, found, is) => {
  expect(verdictOf({ submissions, email: found }).is).toBe(is)
})
