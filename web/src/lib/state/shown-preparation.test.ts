import type { WaitKind, Preparation } from '#lib/accounts/me.ts'
import { markOf, shownPreparation } from '#lib/state/shown-preparation.ts'
import { expect, test } from 'vitest'

const NOW = '2026-11-26T14:02:10Z'
const PREPARATION: Preparation = {
  state: 'preparing',
  retry: 0,
  next_attempt_at: null,
  cause: null,
  failure: null,
  attempts: 1,
  max_attempts: 4,
  history: [],
  requested_at: '2026-11-26T14:02:00Z',
  ready_at: null,
  sweep_seconds: 300,
  support_number: '8b9e4c7a',
  now: NOW
}
const cause = (kind: WaitKind) => ({ kind, since: '2026-11-26T14:02:01Z' })
const failure = (kind: 'address_taken' | 'address_refused' | 'operator', code: string | null = null) => ({
  kind,
  since: '2026-11-26T14:02:01Z',
  code
})
const IN_48 = '2026-11-26T14:02:58Z'

test.each<[string, Partial<Preparation>, object, string]>([
  ['the first attempt runs', {}, { kind: 'running' }, 'running'],
  ['it waits for its turn', { next_attempt_at: NOW }, { kind: 'running' }, 'running'],
  [
    'an attempt failed',
    { retry: 1, next_attempt_at: IN_48, cause: cause('failed') },
    { kind: 'attempt', attempt: 2, of: 4, seconds: 48, late: false },
    'waiting'
  ],
  [
    'the third attempt is the first that takes longer than usual',
    { retry: 2, next_attempt_at: IN_48, cause: cause('failed') },
    { kind: 'attempt', attempt: 3, of: 4, seconds: 48, late: true },
    'waiting'
  ],
  [
    'the mail server asked for a pause',
    { next_attempt_at: IN_48, cause: cause('throttled') },
    { kind: 'throttled', seconds: 48 },
    'waiting'
  ],
  [
    'the mail server is away',
    { cause: cause('mail_server_away') },
    { kind: 'away', since: '2026-11-26T14:02:01Z' },
    'paused'
  ],
  [
    'an attempt is overdue',
    { retry: 1, next_attempt_at: '2026-11-26T14:02:04Z', cause: cause('failed') },
    { kind: 'away', since: '2026-11-26T14:02:04Z' },
    'paused'
  ],
  ['an operator paused it', { cause: cause('paused') }, { kind: 'operator', since: '2026-11-26T14:02:01Z' }, 'paused'],
  [
    'an operator must act',
    { cause: cause('misconfigured') },
    { kind: 'operator', since: '2026-11-26T14:02:01Z' },
    'paused'
  ],
  ['no webhook came yet', { state: 'none' }, { kind: 'running' }, 'running'],
  [
    'no webhook came for 5 s',
    { state: 'none', now: '2026-11-26T14:02:05Z' },
    { kind: 'unheard', minutes: 5 },
    'waiting'
  ],
  [
    'no webhook came and nothing looks for it',
    { state: 'none', sweep_seconds: null, now: '2026-11-26T14:02:05Z' },
    { kind: 'unheard', minutes: null },
    'waiting'
  ],
  [
    'it is ready',
    { state: 'ready', attempts: 3, ready_at: '2026-11-26T14:08:00Z' },
    { kind: 'ready', attempts: 3, seconds: 360, at: '2026-11-26T14:08:00Z' },
    'done'
  ],
  [
    'the address is taken',
    { state: 'failed', failure: failure('address_taken') },
    { kind: 'taken', minutes: 5 },
    'failed'
  ],
  [
    'the address is refused',
    { state: 'refused', failure: failure('address_refused', 'reserved_name') },
    { kind: 'refused', code: 'reserved_name', domains: [], minutes: 5 },
    'failed'
  ],
  [
    'the domain is not served, and some others are',
    {
      state: 'refused',
      failure: failure('address_refused', 'domain_not_served'),
      domains: ['a.org', 'b.org', 'c.org', 'd.org', 'e.org', 'f.org']
    },
    {
      kind: 'refused',
      code: 'domain_not_served',
      domains: ['a.org', 'b.org', 'c.org', 'd.org', 'e.org'],
      minutes: 5
    },
    'failed'
  ],
  [
    'all attempts failed',
    { state: 'failed', attempts: 4, failure: failure('operator') },
    { kind: 'failed', attempts: 4, at: '2026-11-26T14:02:01Z' },
    'failed'
  ],
  [
    'the mailbox is gone',
    { state: 'missing', cause: cause('missing') },
    { kind: 'missing', since: '2026-11-26T14:02:01Z' },
    'failed'
  ]
])('when %s', (_, change, shown, mark) => {
  const found = shownPreparation({ ...PREPARATION, ...change }, Date.parse(NOW))
  expect(found).toEqual(shown)
  expect(markOf(found)).toBe(mark)
})
