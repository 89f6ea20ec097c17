import { describe, expect, test } from 'vitest'
import { keywordsOnly, patchObject, patchStatus, wantedBy } from './request.ts'

const DELETED = { emailIds: ['e1'], mailboxIds: { inbox: false, trash: true } }
const RESTORED = { emailIds: ['e1'], mailboxIds: { inbox: true, trash: false } }
const DESTROYED = { emailIds: ['e1'], mailboxIds: { trash: false }, destroyed: true } as const

describe('of several patches of one email', () => {
  test('the last word about each keyword and mailbox counts', () => {
    const keywords = { $seen: true, $flagged: true }
    const { update } = wantedBy([
      DELETED,
      { emailIds: ['e1', 'e2'], keywords },
      RESTORED,
      { emailIds: ['e1'], keywords: { $seen: false } }
    ])
    expect([...update]).toEqual([
      [
        'e1',
        { emailIds: ['e1'], keywords: { $seen: false, $flagged: true }, mailboxIds: { inbox: true, trash: false } }
      ],
      ['e2', { emailIds: ['e2'], keywords, mailboxIds: {} }]
    ])
  })

  test('nothing comes after that it is destroyed, wherever it was before', () => {
    const { update, destroy } = wantedBy([DELETED, DESTROYED, { emailIds: ['e1'], keywords: { $seen: true } }])
    expect([...update.keys()]).toEqual([])
    expect([...destroy]).toEqual([['e1', { ...DESTROYED, mailboxIds: { inbox: false, trash: false } }]])
  })
})

test('a patch on the wire sets with true and takes away with null (RFC 8620 §5.3), with names escaped (RFC 6901)', () => {
  expect(
    patchObject({ emailIds: [], keywords: { 'a/b~c': true, $seen: false }, mailboxIds: { 'x/~': false } })
  ).toEqual({
    'keywords/a~1b~0c': true,
    'keywords/$seen': null,
    'mailboxIds/x~1~0': null
  })
})

describe('a patch that waited', () => {
  const facts = (mailboxId: string, keywords = {}): Parameters<typeof patchStatus>[1] => ({
    id: 'e1',
    mailboxIds: { [mailboxId]: true },
    keywords
  })

  test.each([
    ['is done where the server has it already', 'done', facts('trash')],
    ['is done where there is no such email', 'done', undefined],
    ['is open where the email is as it was', 'open', facts('inbox')],
    ['is a conflict where somebody else moved the email', 'conflict', facts('work')]
  ] as const)('%s', (_, standing, found) => {
    expect(patchStatus(DELETED, found)).toBe(standing)
  })

  test('of keywords is open whatever others did, until they are set', () => {
    const patch = { emailIds: ['e1'], keywords: { $seen: true, work: false } }
    expect(patchStatus(patch, facts('work', { work: true, $seen: true }))).toBe('open')
    expect(patchStatus(patch, facts('work', { $seen: true }))).toBe('done')
  })

  test('of a move and keywords is open while one of the two is left', () => {
    const patch = { ...DELETED, keywords: { $seen: true } }
    expect(patchStatus(patch, facts('trash'))).toBe('open')
    expect(patchStatus(patch, facts('trash', { $seen: true }))).toBe('done')
  })

  test('from several mailboxes is open while the email is in one of them', () => {
    const patch = { emailIds: ['e1'], mailboxIds: { inbox: false, work: false, trash: true } }
    expect(patchStatus(patch, facts('work'))).toBe('open')
  })

  test('that takes the email out of no mailbox is no conflict', () => {
    expect(patchStatus({ emailIds: ['e1'], mailboxIds: { work: true } }, facts('inbox'))).toBe('open')
  })

  test('that destroys is open while the email is where it was, and a conflict elsewhere', () => {
    expect([facts('trash'), facts('inbox'), undefined].map((found) => patchStatus(DESTROYED, found))).toEqual([
      'open',
      'conflict',
      'done'
    ])
  })

  test('in conflict sets its keywords all the same, but for those by which a filter learns', () => {
    const keywords = { $seen: true, $junk: true, $notjunk: false }
    expect(keywordsOnly({ ...DELETED, keywords })).toEqual({ emailIds: ['e1'], keywords: { $seen: true } })
    expect(keywordsOnly(DESTROYED)).toEqual({ emailIds: ['e1'], keywords: {} })
  })
})
