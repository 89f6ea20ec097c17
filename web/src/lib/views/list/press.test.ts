import { meaningOf, type Press, type Where } from '#lib/views/list/press.ts'
import { expect, test } from 'vitest'

const PRESS: Press = { shiftKey: false, ctrlKey: false, metaKey: false }
const MOUSE: Where = { onGutter: false, touched: false, selecting: false }

test('a press opens; on the checkbox, with Ctrl or Cmd it selects; with Shift it widens', () => {
  expect(meaningOf(PRESS, MOUSE)).toBe('open')
  expect(meaningOf(PRESS, { ...MOUSE, onGutter: true })).toBe('toggle')
  expect(meaningOf({ ...PRESS, ctrlKey: true }, MOUSE)).toBe('toggle')
  expect(meaningOf({ ...PRESS, metaKey: true }, MOUSE)).toBe('toggle')
  expect(meaningOf({ ...PRESS, shiftKey: true }, { ...MOUSE, onGutter: true })).toBe('widen')
})

test('by key, Enter opens and Space selects', () => {
  expect(meaningOf({ ...PRESS, key: 'Enter' }, { ...MOUSE, selecting: true })).toBe('open')
  expect(meaningOf({ ...PRESS, key: ' ' }, MOUSE)).toBe('toggle')
  expect(meaningOf({ ...PRESS, key: ' ', shiftKey: true }, MOUSE)).toBe('widen')
})

test('while a finger selects, a tap selects; a mouse still opens', () => {
  expect(meaningOf(PRESS, { ...MOUSE, touched: true, selecting: true })).toBe('toggle')
  expect(meaningOf(PRESS, { ...MOUSE, touched: true })).toBe('open')
  expect(meaningOf(PRESS, { ...MOUSE, selecting: true })).toBe('open')
})
