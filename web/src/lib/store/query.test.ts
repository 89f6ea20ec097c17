import { describe, expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import type { Email, Filter } from '#lib/jmap/types.ts'
import { compared, filterOf, isMatch, keyOf, mailboxQuery, NEWEST_FIRST } from './query.ts'

const UNREAD: Filter = { notKeyword: '$seen' }
const STARRED: Filter = { hasKeyword: '$flagged' }
const TEXT: Filter = { text: 'hello' }

function email(values: Partial<Email> = {}): Email {
  return new ModelServer().deliver(values)
}

function matches(filter: Filter | null, values: Partial<Email> = {}, mailboxId: string | null = null): boolean | null {
  return isMatch({ mailboxId, filter, sort: NEWEST_FIRST }, email(values))
}

describe('the key of a query', () => {
  test('is the same however its properties are ordered', () => {
    const one = { ...mailboxQuery('a'), filter: { hasKeyword: 'x', from: 'y' } }
    expect(keyOf({ ...one, filter: { from: 'y', hasKeyword: 'x' } })).toBe(keyOf(one))
  })

  test.each([
    { mailboxId: 'b' },
    { mailboxId: null },
    { filter: UNREAD },
    { sort: { property: 'size', isAscending: false } as const },
    { sort: { property: 'receivedAt', isAscending: true } as const }
  ])('is another one for %o', (other) => {
    expect(keyOf({ ...mailboxQuery('a'), ...other })).not.toBe(keyOf(mailboxQuery('a')))
  })

  test('keeps the order of conditions', () => {
    const of = (conditions: Filter[]): string => keyOf({ ...mailboxQuery('a'), filter: { operator: 'OR', conditions } })
    expect(of([UNREAD, STARRED])).not.toBe(of([STARRED, UNREAD]))
  })
})

test('the server is asked for the mailbox, for the filter, for both, or for all mail', () => {
  const query = { mailboxId: 'a', filter: UNREAD, sort: NEWEST_FIRST }
  expect(filterOf(mailboxQuery('a'))).toEqual({ inMailbox: 'a' })
  expect(filterOf({ ...query, mailboxId: null })).toEqual(UNREAD)
  expect(filterOf(query)).toEqual({ operator: 'AND', conditions: [{ inMailbox: 'a' }, UNREAD] })
  expect(filterOf({ ...query, mailboxId: null, filter: null })).toBeNull()
})

describe('whether an email matches', () => {
  test.each([
    ['in its mailbox', null, {}, 'inbox', true],
    ['elsewhere', null, {}, 'trash', false],
    ['elsewhere, whatever only the server knows', TEXT, {}, 'trash', false],
    ['a keyword that it has, in any case', { hasKeyword: '$Flagged' }, { keywords: { $flagged: true } }, null, true],
    ['a keyword that it lacks', STARRED, {}, null, false],
    ['no keyword that it has, in any case', { notKeyword: '$SEEN' }, { keywords: { $seen: true } }, null, false],
    ['another mailbox than these', { inMailboxOtherThan: ['trash'] }, {}, null, true],
    ['no other mailbox than these', { inMailboxOtherThan: ['inbox', 'trash'] }, {}, null, false],
    ['a mailbox by the filter', { inMailbox: 'trash' }, {}, null, false],
    ['an attachment', { hasAttachment: true }, { hasAttachment: true }, null, true],
    ['no attachment', { hasAttachment: false }, { hasAttachment: true }, null, false],
    ['what only the server knows', TEXT, {}, null, null],
    ['one condition of several that fails', { text: 'hello', hasKeyword: '$flagged' }, {}, null, false]
  ] as const)('is told of %s', (_, filter, values, mailboxId, expected) => {
    expect(matches(filter as Filter | null, values, mailboxId)).toBe(expected)
  })

  test.each([
    ['AND', [UNREAD, STARRED], false],
    ['AND', [UNREAD, TEXT], null],
    ['AND', [STARRED, TEXT], false],
    ['AND', [], true],
    ['OR', [STARRED, UNREAD], true],
    ['OR', [STARRED, TEXT], null],
    ['OR', [UNREAD, TEXT], true],
    ['OR', [STARRED], false],
    ['NOT', [STARRED], true],
    ['NOT', [STARRED, UNREAD], false],
    ['NOT', [STARRED, TEXT], null]
  ] as const)('is told of %s %j', (operator, conditions, expected) => {
    expect(matches({ operator, conditions })).toBe(expected)
  })
})

describe('of two emails comes first', () => {
  const first = (
    property: 'receivedAt' | 'from' | 'subject' | 'size',
    one: Partial<Email>,
    other: Partial<Email>
  ): number => compared({ property, isAscending: true }, email(one), email(other))
  const sender = (name: string | null, address = 'x@example.net'): Partial<Email> => ({
    from: [{ name, email: address }]
  })

  test('the older one, or the newer one', () => {
    const [one, other] = [email({ receivedAt: '2026-01-01T00:00:00Z' }), email({ receivedAt: '2026-01-02T00:00:00Z' })]
    expect(compared(NEWEST_FIRST, one, other)).toBeGreaterThan(0)
    expect(compared({ ...NEWEST_FIRST, isAscending: true }, one, other)).toBeLessThan(0)
  })

  test('the smaller one, as a number', () => {
    expect(first('size', { size: 9 }, { size: 10 })).toBeLessThan(0)
  })

  test('the sender by name, else by address, in any case', () => {
    expect(first('from', sender('ann'), sender('Bob'))).toBeLessThan(0)
    expect(first('from', sender(null, 'zoe@example.net'), sender('Bob'))).toBeGreaterThan(0)
    expect(first('from', { from: null }, sender('Bob'))).toBeLessThan(0)
  })

  test('the subject without what replies put before it (RFC 5256 §2.1), in any case', () => {
    expect(first('subject', { subject: 'Re: AW: fwd: apples' }, { subject: 'Bananas' })).toBeLessThan(0)
    expect(first('subject', { subject: 'Re: apples' }, { subject: 'Apples' })).toBeCloseTo(0)
    expect(first('subject', { subject: null }, { subject: 'Apples' })).toBeLessThan(0)
  })
})
