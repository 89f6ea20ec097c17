import { expandedAtFirst, foldedRange } from '#lib/state/folding.ts'
import type { Message } from '#lib/state/mail.ts'
import { expect, test } from 'vitest'

const messages = (count: number, unread: readonly number[] = []) =>
  Array.from({ length: count }, (_, at) => ({ id: `m${at}`, unread: unread.includes(at), draft: false }) as Message)

test('the last message and the unread ones are expanded', () => {
  expect([...expandedAtFirst(messages(5, [1]))]).toEqual(['m1', 'm4'])
  expect([...expandedAtFirst([])]).toEqual([])
})

test('of 200 unread messages only the newest ten are expanded', () => {
  const all = messages(
    200,
    Array.from({ length: 200 }, (_, at) => at)
  )
  expect([...expandedAtFirst(all)]).toEqual(all.slice(-10).map((message) => message.id))
})

test('many read messages become one line, between the first and the one before the expanded ones', () => {
  expect(foldedRange(messages(10), new Set(['m9']))).toEqual({ from: 1, to: 8 })
  expect(foldedRange(messages(8), new Set(['m7']))).toBeNull()
  expect(foldedRange(messages(200), new Set(['m199']))).toEqual({ from: 1, to: 198 })
})
