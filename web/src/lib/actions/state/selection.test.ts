import {
  countOf,
  extentOf,
  isEmpty,
  isSelected,
  NOTHING,
  ofAll,
  ofIds,
  onlyLoaded,
  toggled,
  widened,
  type Order,
  type Selection
} from '#lib/actions/state/selection.ts'
import { expect, test } from 'vitest'

const LIST = ['a', 'b', 'c', 'd', 'e', 'f']

function order(list: readonly (string | undefined)[] = LIST): Order {
  return {
    indexOf: (id) => {
      const index = list.indexOf(id)
      return index < 0 ? undefined : index
    },
    at: (index) => list[index]
  }
}

const ids = (selection: Selection) => [...selection.ids].toSorted()

test('a second press takes a conversation out again', () => {
  const one = toggled(NOTHING, 'b')
  expect(ids(one)).toEqual(['b'])
  expect(isEmpty(toggled(one, 'b'))).toBe(true)
})

test('a range reaches from the anchor in both directions, and gives back what it took when it becomes shorter', () => {
  const anchored = toggled(toggled(NOTHING, 'f'), 'c')
  const down = widened(anchored, 'e', order())
  expect(ids(down)).toEqual(['c', 'd', 'e', 'f'])
  expect(ids(widened(down, 'd', order()))).toEqual(['c', 'd', 'f'])
  expect(ids(widened(down, 'a', order()))).toEqual(['a', 'b', 'c', 'f'])
})

test('a range without an anchor in the list begins where the person points', () => {
  const begun = widened(NOTHING, 'c', order())
  expect(ids(begun)).toEqual(['c'])
  expect(ids(widened(begun, 'd', order()))).toEqual(['c', 'd'])
  expect(ids(widened(toggled(NOTHING, 'gone'), 'b', order()))).toEqual(['b', 'gone'])
})

test('a range is by the order of now: new mail on top does not shift what is selected', () => {
  const anchored = toggled(NOTHING, 'b')
  const later = order(['new', ...LIST])
  expect(ids(widened(anchored, 'd', later))).toEqual(['b', 'c', 'd'])
})

test('rows of a range that are not loaded are left out', () => {
  expect(ids(widened(toggled(NOTHING, 'a'), 'd', order(['a', undefined, 'c', 'd'])))).toEqual(['a', 'c', 'd'])
})

test('all that match are selected whether or not they are loaded, until one is taken out', () => {
  const all = ofAll(['a', 'b'])
  expect([isSelected(all, 'z'), countOf(all, 1204), extentOf(all, 2)]).toEqual([true, 1204, 'all'])
  expect(ids(toggled(all, 'a'))).toEqual(['b'])
  expect(toggled(all, 'z').all).toBe(false)
  expect(ids(toggled(all, 'z'))).toEqual(['a', 'b'])
  expect([onlyLoaded(all).all, ids(onlyLoaded(all))]).toEqual([false, ['a', 'b']])
})

test('the checkbox above the list tells none, some and all', () => {
  expect(extentOf(NOTHING, 3)).toBe('none')
  expect(extentOf(ofIds(['a']), 3)).toBe('some')
  expect(extentOf(ofIds(['a', 'b', 'c']), 3)).toBe('all')
  expect(countOf(ofIds(['a']), null)).toBe(1)
})
