import { arrivals, topOf } from '#lib/state/arrivals.ts'
import type { Row } from '#lib/state/mail.ts'
import { expect, test } from 'vitest'

const row = (minute: number, unread = true, emailId = `e${minute}`) => ({
  emailId,
  time: new Date(2026, 10, 26, 12, minute),
  news: unread ? new Date(2026, 10, 26, 12, minute).getTime() : 0
})
const listOf = (...rows: object[]) => ({ row: (index: number) => rows[index] as Row | undefined })
const ids = (rows: readonly Row[]) => rows.map(({ emailId }) => emailId)

test('what is newer than the newest that was seen has arrived, unless it is read', () => {
  const list = listOf(row(9), row(8, false), row(7), row(5), row(4))
  expect(ids(arrivals(list, topOf(listOf(row(5), row(4)))))).toEqual(['e9', 'e7'])
  expect(arrivals(list, topOf(list))).toEqual([])
  expect(ids(arrivals(list, topOf(listOf())))).toEqual(['e9', 'e7', 'e5', 'e4'])
})

test('what has the time of the newest that was seen has arrived, too', () => {
  const seen = topOf(listOf(row(9), row(9, true, 'b'), row(4)))
  expect(ids(arrivals(listOf(row(9, true, 'c'), row(9), row(9, true, 'b'), row(4)), seen))).toEqual(['c'])
})

test('what the person sent is not new, also if the conversation is unread', () => {
  const list = listOf({ ...row(9), news: row(5).news }, row(8), row(5))
  expect(ids(arrivals(list, topOf(listOf(row(5)))))).toEqual(['e8'])
})

test('a conversation that was seen is not new by what came of it into another mailbox', () => {
  const list = listOf({ ...row(9), news: row(10).news }, row(5))
  expect(arrivals(list, topOf(list))).toEqual([])
})

test('an answer is new though a copy of what the person wrote came after it', () => {
  const list = listOf({ ...row(9), news: row(8).news }, row(5))
  expect(ids(arrivals(list, topOf(listOf(row(5)))))).toEqual(['e9'])
})

test('what left the list and comes back is not new', () => {
  const all = listOf(row(9, true, 'a'), row(9, true, 'b'), row(4))
  const before = topOf(all)
  for (const rest of [listOf(row(9, true, 'b'), row(4)), listOf(row(4)), listOf()])
    expect(arrivals(all, topOf(rest, before))).toEqual([])
})
