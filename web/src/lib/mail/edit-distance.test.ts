import { expect, test } from 'vitest'
import { editDistance } from './edit-distance.ts'

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['papierwerk', 'papierwerk', 0],
  ['papierwerk', 'papierwerck', 1],
  ['papierwerk', 'papeirwerk', 1],
  ['papierwerk', 'tapierwer', 2],
  ['ab', 'bca', 3],
  ['kitten', 'sitting', 3]
])('from %j to %j it takes %i letters, in both directions', (one, other, letters) => {
  expect([editDistance(one, other), editDistance(other, one)]).toEqual([letters, letters])
})
