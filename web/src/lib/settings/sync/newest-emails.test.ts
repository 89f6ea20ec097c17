import { expect, test } from 'vitest'
import { matches } from '#lib/settings/domain/match.ts'
import type { Session } from '#lib/sync/session.ts'
import { newestEmails } from './newest-emails.ts'

interface Asked {
  readonly name: string
  readonly args: Record<string, unknown>
}

const EMAIL = {
  id: 'e1',
  receivedAt: '2026-11-27T10:00:00Z',
  from: [{ name: 'Möller, Jürgen', email: 'juergen@example.com' }],
  to: null,
  cc: null,
  bcc: null,
  subject: null,
  size: 1_000,
  attachments: [{ type: 'application/pdf', disposition: 'inline' }],
  'header:from:all': [' "=?utf-8?q?M=C3=B6ller?=, J." <juergen@example.com>'],
  'header:to:all': [' Team: ann@example.org;'],
  'header:cc:all': [],
  'header:bcc:all': [],
  'header:list-id:all': [],
  'header:x-kind:all': [' Invoice']
}

function session(asked: Asked[]): Session {
  const run = (calls: Asked[]) => {
    asked.push(...calls)
    return Promise.resolve({ get: () => ({ list: [EMAIL] }) })
  }
  const mailboxes = new Map([['j', { id: 'j', role: 'junk' }]])
  const found = {
    connected: () => Promise.resolve(),
    objects: { mailboxes },
    client: { limits: { maxObjectsInGet: 500 }, run }
  }
  return found as unknown as Session
}

test('the newest emails come with what filters look at: names as they are written, files, and headers', async () => {
  const asked: Asked[] = []
  const [email] = await newestEmails(session(asked), ['X-Kind'])
  const [query, get] = asked
  expect(query?.args['filter']).toEqual({ inMailboxOtherThan: ['j'] })
  expect(get?.args['properties']).toEqual(
    expect.arrayContaining(['attachments', 'header:from:all', 'header:to:all', 'header:x-kind:all'])
  )
  expect(get?.args['bodyProperties']).toEqual(['type', 'disposition'])
  const all = [
    ['from', 'contains', 'MÖLLER', ''],
    ['to', 'contains', 'team:', ''],
    ['header', 'is', 'invoice', 'X-Kind'],
    ['attachment', 'is', '', '']
  ] as const
  for (const [field, how, value, header] of all) {
    const filter = { match: 'all', conditions: [{ field, test: how, value, header }] } as const
    expect(email && matches(filter, email), field).toBe(true)
  }
})
