import { linkOf } from '#lib/writing/page/links.ts'
import { expect, test } from 'vitest'

test.each([
  ['example.org', 'https://example.org'],
  [' https://example.org/a?b#c ', 'https://example.org/a?b#c'],
  ['example.org:8080/x', 'https://example.org:8080/x'],
  ['ann@example.org', 'mailto:ann@example.org'],
  ['mailto:ann@example.org', 'mailto:ann@example.org'],
  ['+49 (30) 1234-5', 'tel:+493012345']
])('%s leads to %s', (typed, address) => {
  expect(linkOf(typed)).toBe(address)
})

test.each([
  '',
  'two words',
  'word',
  'javascript:alert(1)',
  'data:text/html,x',
  'blob:https://x/1',
  'file:///etc/passwd'
])('"%s" leads nowhere', (typed) => {
  expect(linkOf(typed)).toBeNull()
})
