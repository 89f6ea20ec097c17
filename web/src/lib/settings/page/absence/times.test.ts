import { expect, test } from 'vitest'
import { localOf, momentOf } from './times.ts'

test('a local time comes back as it was typed', () => {
  for (const local of ['2026-12-01T09:00', '2026-07-01T23:59']) {
    expect(localOf(momentOf(local))).toBe(local)
    expect(momentOf(local)).toMatch(/^2026-\d\d-\d\dT\d\d:\d\d:00Z$/)
  }
})

test('nothing is no moment', () => {
  expect(momentOf('')).toBeNull()
  expect(momentOf('soon')).toBeNull()
  expect(localOf(null)).toBe('')
  expect(localOf('soon')).toBe('')
})
