import { expect, test } from 'vitest'
import { octetsInScript } from './absence.ts'
import { LONGEST_TEXT } from './text.ts'

test('a text counts as long as it is in the script, where a line end takes two octets and a dot in front is doubled', () => {
  expect(octetsInScript('x\n'.repeat(1_400))).toBeGreaterThan(LONGEST_TEXT)
  expect(octetsInScript('.\n'.repeat(1_050))).toBeGreaterThan(LONGEST_TEXT)
  expect(octetsInScript('x'.repeat(4_000))).toBeLessThan(LONGEST_TEXT)
})
