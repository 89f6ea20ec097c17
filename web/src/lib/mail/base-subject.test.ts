import { expect, test } from 'vitest'
import { isPrefix } from './base-subject.ts'

test.each([
  ['Re:', true],
  ['AW: Fwd:', true],
  ['Re', false],
  ['Re: x', false],
  ['from:', false],
  ['', false]
])('%j is nothing but a prefix of a subject: %s', (text, expected) => {
  expect(isPrefix(text)).toBe(expected)
})
