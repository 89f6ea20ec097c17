import { expect, test } from 'vitest'
import { dueOf } from './due.ts'
import type { Entry } from './entry.ts'

const [ONE, TWO, THREE] = ['one', 'two', 'three'].map((id): Entry => ({
  id,
  at: 0,
  patches: [],
  names: {},
  attempted: false
})) as [Entry, Entry, Entry]

test('what this device keeps is due in its order, also of other tabs', () => {
  expect(dueOf([{ entry: TWO, isKept: true }], [ONE, TWO])).toEqual({ entries: [ONE, TWO], unkept: [], gone: [] })
})

test('what this device could not keep is due in the order in which it was done', () => {
  const known = [ONE, TWO, THREE].map((entry, at) => ({ entry, isKept: at !== 1 }))
  expect(dueOf(known, [ONE, THREE])).toEqual({ entries: [ONE, TWO, THREE], unkept: [TWO], gone: [] })
})

test('what only other tabs did comes before what this device could not keep', () => {
  expect(dueOf([{ entry: TWO, isKept: false }], [ONE]).entries).toEqual([ONE, TWO])
})

test('what was kept too late to be noticed is due once', () => {
  expect(dueOf([{ entry: ONE, isKept: false }], [ONE])).toEqual({ entries: [ONE], unkept: [], gone: [] })
})

test('what was kept and is no more was sent by another tab', () => {
  expect(dueOf([{ entry: ONE, isKept: true }], [])).toEqual({ entries: [], unkept: [], gone: ['one'] })
})

test('where the device does not tell, all that is known is due, and what it kept may have been sent', () => {
  const known = [
    { entry: ONE, isKept: true },
    { entry: TWO, isKept: false }
  ]
  expect(dueOf(known, null).entries).toEqual([{ ...ONE, attempted: true }, TWO])
})
