import { foldedRange } from '#lib/state/reading.svelte.ts'
import type { Message } from '#lib/state/mail.ts'
import { expect, test } from 'vitest'

const messages = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `m${at}` }) as Message)

test('many read messages become one line, between the first and the one before the expanded ones', () => {
  expect(foldedRange(messages(10), new Set(['m9']))).toEqual({ from: 1, to: 8 })
  expect(foldedRange(messages(8), new Set(['m7']))).toBeNull()
  expect(foldedRange(messages(200), new Set(['m199']))).toEqual({ from: 1, to: 198 })
})
