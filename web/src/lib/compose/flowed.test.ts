import { expect, test } from 'vitest'
import { unflowed } from './flowed.ts'

const FLOWED = 'text/plain; charset=UTF-8; format=flowed'

test('lines that were broken are joined, quotes and the signature stay apart', () => {
  const text = 'A long \nline.\n\n> quoted \n> text\n>> deeper\n From here\n-- \nMara'
  expect(unflowed(text, FLOWED)).toBe('A long line.\n\n> quoted text\n>> deeper\nFrom here\n-- \nMara')
})

test('with delsp the space goes with the line end', () => {
  expect(unflowed('ab \ncd', `${FLOWED}; delsp=yes`)).toBe('abcd')
})

test('other texts stay as they are', () => {
  expect(unflowed('a \n b', 'text/plain; charset=utf-8')).toBe('a \n b')
})
