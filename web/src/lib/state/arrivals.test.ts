import { arrivals } from '#lib/state/arrivals.ts'
import type { Row } from '#lib/state/mail.ts'
import { expect, test } from 'vitest'

const row = (minute: number, unread = true) => ({
  threadId: `t${minute}`,
  time: new Date(2026, 10, 26, 12, minute),
  unread
})
const listOf = (...rows: object[]) => ({ row: (index: number) => rows[index] as Row | undefined })

test('what is newer than the newest that was seen has arrived, unless it is read', () => {
  const list = listOf(row(9), row(8, false), row(7), row(5), row(4))
  expect(arrivals(list, row(5).time).map(({ threadId }) => threadId)).toEqual(['t9', 't7'])
  expect(arrivals(list, row(9).time)).toEqual([])
})
