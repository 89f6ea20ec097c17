import { brought, minimised, NOTHING, opened, resized, seen, waiting } from '#lib/writing/state/dock.ts'
import { expect, test } from 'vitest'

const OPEN = ['a', 'b', 'c']

test('the windows that were used last are seen, the others are tabs', () => {
  const all = opened(NOTHING, OPEN)
  expect(seen(all, OPEN, 2)).toEqual({ windows: ['b', 'c'], tabs: ['a'] })
  expect(seen(all, OPEN, 1)).toEqual({ windows: ['c'], tabs: ['a', 'b'] })
})

test('a tab that is brought back takes the place of the window that was used least recently', () => {
  expect(seen(brought(opened(NOTHING, OPEN), 'a'), OPEN, 2)).toEqual({ windows: ['a', 'c'], tabs: ['b'] })
})

test('windows beside each other keep their order, whichever is used', () => {
  const two = opened(NOTHING, ['a', 'b'])
  expect(seen(brought(two, 'a'), ['a', 'b'], 2).windows).toEqual(['a', 'b'])
})

test('a window that is minimised gives its place to one that is not', () => {
  const less = minimised(opened(NOTHING, OPEN), 'c')
  expect(seen(less, OPEN, 2)).toEqual({ windows: ['a', 'b'], tabs: ['c'] })
  expect(seen(brought(less, 'c'), OPEN, 2)).toEqual({ windows: ['b', 'c'], tabs: ['a'] })
})

test('a window that fills the page is alone, until it is made smaller, minimised, or another one is used', () => {
  const full = resized(opened(NOTHING, OPEN), 'b')
  expect(seen(full, OPEN, 2)).toEqual({ windows: ['b'], tabs: ['a', 'c'] })
  for (const after of [resized(full, 'b'), minimised(full, 'b'), brought(full, 'a'), opened(full, ['a', 'c'])]) {
    expect(after.full).toBeNull()
  }
  expect(brought(full, 'b').full).toBe('b')
})

test('where one window covers the page, one that opens by itself waits among the tabs until it is brought', () => {
  const before = opened(NOTHING, ['a'])
  const waits = waiting(minimised(before, 'a'), ['a', 'b'])
  expect(seen(waits, ['a', 'b'], 1)).toEqual({ windows: [], tabs: ['a', 'b'] })
  expect(seen(brought(waits, 'b'), ['a', 'b'], 1)).toEqual({ windows: ['b'], tabs: ['a'] })
})

test('what is closed is forgotten: opened again, it is seen', () => {
  const closed = opened(minimised(opened(NOTHING, OPEN), 'b'), ['a', 'c'])
  expect(closed).toEqual({ used: ['a', 'c'], minimised: new Set(), full: null })
  expect(seen(opened(closed, OPEN), OPEN, 2).windows).toEqual(['b', 'c'])
})

test('one that opens by itself is seen beside the one that is used, and never in its place', () => {
  const used = opened(NOTHING, ['a'])
  expect(seen(opened(used, ['a', 'b']), ['a', 'b'], 2).windows).toEqual(['a', 'b'])
  expect(seen(opened(used, ['a', 'b']), ['a', 'b'], 1)).toEqual({ windows: ['a'], tabs: ['b'] })
  expect(seen(opened(minimised(used, 'a'), ['a', 'b']), ['a', 'b'], 1)).toEqual({ windows: ['b'], tabs: ['a'] })
})
