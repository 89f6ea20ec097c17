import { keyCaps, keyShortcut, keyText } from '#lib/state/key-names.ts'
import { actions } from '#lib/words/de/actions.ts'
import { expect, test } from 'vitest'

test('keys are written as they are on the keyboard', () => {
  expect(keyCaps('e', {})).toEqual([['E']])
  expect(keyCaps('I', {})).toEqual([['Shift', 'I']])
  expect(keyCaps('g i', {})).toEqual([['G'], ['I']])
  expect(keyCaps('Ctrl+z', {})).toEqual([['Ctrl', 'Z']])
  expect(keyCaps('Ctrl+Shift+Enter', {})).toEqual([['Ctrl', 'Shift', 'Enter']])
  expect(keyCaps('Escape', {})).toEqual([['Esc']])
})

test('what is printed on a German keyboard is not what is printed on an English one', () => {
  const { printed, then } = actions.sheet
  expect(keyCaps('Ctrl+Shift+Enter', printed)).toEqual([['Strg', 'Umschalt', 'Enter']])
  expect(keyCaps('Delete', printed)).toEqual([['Entf']])
  expect(keyText('I', { printed, then })).toBe('Umschalt+I')
  expect(keyText('g i', { printed, then })).toBe('G dann I')
})

test('assistive technology is told keys that are pressed together, not behind each other', () => {
  expect([keyShortcut('I'), keyShortcut('#'), keyShortcut('g i'), keyShortcut(undefined)]).toEqual([
    'Shift+I',
    '#',
    undefined,
    undefined
  ])
})
