import { expect, test } from 'vitest'
import { TypingOn } from './typing-on.ts'

const key = (name: string, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more })

test('a space among letters, or before anybody can have read the question, presses nothing', () => {
  const typing = new TypingOn(0)
  expect([typing.takes(key(' '), 400), typing.takes(key('H'), 900), typing.takes(key(' '), 60_000)]).toEqual([
    true,
    true,
    true
  ])
})

test('a space alone presses the button, and so it does after the focus was moved', () => {
  expect(new TypingOn(0).takes(key(' '), 1_500)).toBe(false)
  const typing = new TypingOn(0)
  typing.takes(key('x'), 100)
  typing.takes(key('Tab'), 200)
  expect(typing.takes(key(' '), 1_500)).toBe(false)
})

test.each([key('Enter'), key('Escape'), key('Tab'), key('c', { ctrlKey: true })])('%j does what it does', (pressed) => {
  expect(new TypingOn(0).takes(pressed, 10)).toBe(false)
})
