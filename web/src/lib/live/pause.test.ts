import { expect, test } from 'vitest'
import { pauseAfter } from './pause.ts'

test('pauses grow up to a minute, and are no shorter than the service says', () => {
  expect([1, 2, 3, 20].map((failures) => pauseAfter(failures, null, 1))).toEqual([1_000, 2_000, 4_000, 60_000])
  expect(pauseAfter(1, 30, 1)).toBe(31_000)
})

test.each([1e7, 1e12, Number.MAX_VALUE])('a pause of %d s is cut to what a timer can hold', (seconds) => {
  expect(pauseAfter(1, seconds, 1)).toBe(3_601_000)
})
