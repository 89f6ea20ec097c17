import { moved, without, type Lists } from '#lib/writing/state/recipient-lists.ts'
import { expect, test } from 'vitest'

const [priya, jonas, mara] = ['priya', 'jonas', 'mara'].map((name) => ({ name, address: `${name}@example.org` }))
if (!priya || !jonas || !mara) throw new Error('they are made above')
const lists: Lists = { to: [priya, jonas], cc: [mara], bcc: [] }

test('one that is removed leaves the others in their order', () => {
  expect(without([priya, jonas, mara], 1)).toEqual([priya, mara])
})

test('who is moved leaves one list and ends the other', () => {
  expect(moved(lists, { list: 'to', at: 0 }, 'cc')).toEqual({ to: [jonas], cc: [mara, priya] })
  expect(moved(lists, { list: 'cc', at: 0 }, 'bcc')).toEqual({ cc: [], bcc: [mara] })
})

test('to move somebody to where they are, or nobody, changes nothing', () => {
  expect(moved(lists, { list: 'to', at: 0 }, 'to')).toEqual({})
  expect(moved(lists, { list: 'bcc', at: 0 }, 'to')).toEqual({})
})
