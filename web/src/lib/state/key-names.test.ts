import { keyCaps, keyShortcut, keyText } from '#lib/state/key-names.ts'
import { expect, test } from 'vitest'

test('keys are written as they are on the keyboard', () => {
  expect(keyCaps('e', 'Shift')).toEqual([['E']])
  expect(keyCaps('I', '⇧')).toEqual([['⇧', 'I']])
  expect(keyCaps('g i', 'Shift')).toEqual([['G'], ['I']])
  expect(keyCaps('Ctrl+z', 'Shift')).toEqual([['Ctrl', 'Z']])
  expect(keyCaps('Ctrl+Shift+Enter', '⇧')).toEqual([['Ctrl', '⇧', 'Enter']])
  expect(keyCaps('Escape', 'Shift')).toEqual([['Esc']])
  expect(keyText('g i', { shift: 'Umschalt', then: 'dann' })).toBe('G dann I')
})

test('assistive technology is told keys that are pressed together, not behind each other', () => {
  expect([keyShortcut('I'), keyShortcut('#'), keyShortcut('g i'), keyShortcut(undefined)]).toEqual([
    'Shift+I',
    '#',
    undefined,
    undefined
  ])
})
