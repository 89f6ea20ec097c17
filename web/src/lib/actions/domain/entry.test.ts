import { describe, expect, test } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { Mailbox } from '#lib/jmap/types.ts'
import { inverseOf, ofEmails, resolved, rolesIn, withoutEmails } from './entry.ts'

const ARCHIVED = { emailIds: ['e1', 'e2'], mailboxIds: { inbox: false, 'role:archive': true } }
const STARRED = { emailIds: ['e2'], keywords: { $flagged: true } }

function mailboxes(...roles: [string, string | null][]): Map<string, Mailbox> {
  return new Map(roles.map(([id, role]) => [id, { id, role } as Mailbox]))
}

describe('a mailbox that is named by its role', () => {
  test('is told once', () => {
    expect(rolesIn([ARCHIVED, STARRED, ARCHIVED])).toEqual(['archive'])
  })

  test('is the first that has the role', () => {
    expect(resolved([ARCHIVED], mailboxes(['m0', null], ['m1', 'archive'], ['m2', 'archive']))).toEqual([
      { emailIds: ['e1', 'e2'], mailboxIds: { inbox: false, m1: true } }
    ])
  })

  test('stays as it is while there is none', () => {
    expect(resolved([ARCHIVED], mailboxes(['m0', null]))).toEqual([ARCHIVED])
  })

  test('makes no other object of a patch that names none', () => {
    const patches = [STARRED, { emailIds: ['e1'], mailboxIds: { inbox: false, work: true } }]
    expect(resolved(patches, mailboxes(['m1', 'archive'])).every((patch, at) => patch === patches[at])).toBe(true)
  })
})

describe('patches without some emails', () => {
  test('are those of the others', () => {
    expect(withoutEmails([ARCHIVED, STARRED], new Set(['e2']))).toEqual([{ ...ARCHIVED, emailIds: ['e1'] }])
  })

  test('and those of just these are the rest', () => {
    expect(ofEmails([ARCHIVED, STARRED], new Set(['e2']))).toEqual([{ ...ARCHIVED, emailIds: ['e2'] }, STARRED])
  })
})

describe('what takes a patch back', () => {
  const server = new ModelServer()
  server.deliver({ keywords: { $flagged: true, $seen: true } })
  server.deliver({ mailboxIds: { inbox: true, work: true } })
  server.deliver()
  const emailOf = server.emails.get.bind(server.emails)

  test('gives each email the keywords that it had, and no others', () => {
    expect(inverseOf({ emailIds: ['e1', 'e2', 'e3'], keywords: { $flagged: true } }, emailOf)).toEqual([
      { emailIds: ['e1'], keywords: { $flagged: true } },
      { emailIds: ['e2', 'e3'], keywords: { $flagged: false } }
    ])
  })

  test('gives each email the mailboxes that it had', () => {
    expect(inverseOf({ emailIds: ['e1', 'e2'], mailboxIds: { inbox: false, work: true } }, emailOf)).toEqual([
      { emailIds: ['e1'], mailboxIds: { inbox: true, work: false } },
      { emailIds: ['e2'], mailboxIds: { inbox: true, work: true } }
    ])
  })

  test('is nothing for what is destroyed, or not known', () => {
    expect(inverseOf({ emailIds: ['e1'], destroyed: true }, emailOf)).toEqual([])
    expect(inverseOf({ emailIds: ['e9'], keywords: { $seen: true } }, emailOf)).toEqual([])
  })
})
