import { expect, test } from 'vitest'
import { FILTER, IS_BOSS } from '../../../../tests/a-filter.ts'
import { filterOf, newCondition } from './filter.ts'

test.each([null, 1, {}, { ...FILTER, conditions: [{}] }, { ...FILTER, actions: [{ kind: 'discard' }] }])(
  'what is not a whole filter is none: %j',
  (found) => {
    expect(filterOf(found)).toBeNull()
  }
)

test('another field keeps the text, and the test where it has the same', () => {
  expect(newCondition('subject', { ...IS_BOSS, test: 'ends' })).toEqual({ ...IS_BOSS, field: 'subject', test: 'ends' })
  expect(newCondition('subject', { ...IS_BOSS, test: 'domain' })).toEqual({
    ...IS_BOSS,
    field: 'subject',
    test: 'contains'
  })
  expect(newCondition('size', IS_BOSS).value).toBe('')
})

test.each([
  { match: undefined },
  { match: 'none' },
  { match: 'ALL' },
  { on: undefined },
  { on: 'false' },
  { stop: undefined },
  { stop: 1 }
])('a filter of which %j is not understood is none: it would hit other mail, or run though it was off', (changed) => {
  expect(filterOf({ ...FILTER, ...changed })).toBeNull()
})
