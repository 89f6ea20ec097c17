import { expect, test } from 'vitest'
import { nameFault } from './names.ts'

test.each([
  ['', 'empty'],
  ['  ', 'empty'],
  ['a\nb', 'unfit'],
  ['ä'.repeat(5), null],
  ['ä'.repeat(6), 'long'],
  ['Reise', 'taken'],
  [' reise ', 'taken'],
  ['Reise 2', null]
])('the name %j is %s', (name, fault) => {
  expect(nameFault(name, ['REISE'], 10)).toBe(fault)
})
