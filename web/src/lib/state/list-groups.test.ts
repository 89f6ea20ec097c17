import { headingsOf } from '#lib/state/list-groups.ts'
import type { Row } from '#lib/state/mail.ts'
import { expect, test } from 'vitest'

const NOW = new Date(2026, 10, 26, 15, 0)
const list = (...days: (number | undefined)[]) => ({
  total: days.length,
  row: (index: number) => {
    const day = days[index]
    return day === undefined ? undefined : ({ time: new Date(2026, 10, day, 9, 0) } as Row)
  }
})

test('a heading stands above the first row of each group', () => {
  expect([...headingsOf(list(26, 26, 25, 23), NOW).groups]).toEqual([
    [0, 'today'],
    [2, 'yesterday'],
    [3, { weekday: 1 }]
  ])
})

test('no heading stands where the row before is not loaded', () => {
  expect(headingsOf(list(26, undefined, 25, 25), NOW).indices).toEqual([0])
  expect(headingsOf({ total: null, row: () => undefined }, NOW).indices).toEqual([])
})
