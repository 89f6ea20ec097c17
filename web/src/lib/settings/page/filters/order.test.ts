import { expect, test } from 'vitest'
import { dropPlace, moved, placeFor } from './order.ts'

test.each([
  [0, 2, 'bca'],
  [2, 0, 'cab'],
  [1, 1, 'abc'],
  [0, 9, 'bca'],
  [9, 0, 'abc']
])('moving the one at %i to %i makes %s', (from, to, order) => {
  expect(moved(['a', 'b', 'c'], from, to).join('')).toBe(order)
})

test.each([
  ['ArrowUp', 0, null],
  ['ArrowUp', 2, 1],
  ['ArrowDown', 1, 2],
  ['ArrowDown', 2, null],
  ['Home', 2, 0],
  ['End', 0, 2],
  ['a', 1, null]
])('%s at %i', (key, at, to) => {
  expect(placeFor(key, at, 3)).toBe(to)
})

test('a row is dropped behind the rows whose middle is above the pointer', () => {
  expect([0, 15, 30, 99].map((pointer) => dropPlace(pointer, [10, 20]))).toEqual([0, 1, 2, 2])
})
