import { describe, expect, test } from 'vitest'
import { holdOf, undoneUntil } from './sending.ts'
import type { Sending } from './draft.ts'

const NOW = Date.UTC(2026, 10, 27, 12)

/** The mail server is asked to hold it for 12 s, of which it can be undone in 10. */
function sending(values: Partial<Sending> = {}): Sending {
  return { dueAt: NOW, holdFor: 12, leaveAt: null, submittedAt: null, ...values } as Sending
}

describe('the mail server is asked to hold a message', () => {
  test.each([
    ['submitted at once, for all of the time', 0, 12],
    ['that waited, for the rest of it', 4_500, 8],
    ['that can hardly be undone any more, for no time', 10_500, 0],
    ['that waited for an hour, for no time', 3_600_000, 0],
    ['of a device whose clock was set back, for no longer than was asked for', -3_600_000, 12]
  ])('%s', (_, waited, seconds) => {
    expect(holdOf(sending(), NOW + waited)).toBe(seconds)
  })

  test('that leaves later until then, whatever is left of the time to undo it', () => {
    const leaveAt = NOW + 3_600_000
    expect([0, 60_000].map((waited) => holdOf(sending({ leaveAt }), NOW + waited))).toEqual([3_600, 3_540])
  })
})

test('a message can be undone as long as the person was told when they sent it, whenever it is submitted', () => {
  const until = [null, NOW, NOW + 4_500].map((submittedAt) => undoneUntil(sending({ submittedAt }), NOW + 5_000))
  expect(until.map((at) => at - NOW)).toEqual([10_000, 10_000, 10_000])
})
