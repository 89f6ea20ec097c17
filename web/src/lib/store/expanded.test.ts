import type { Email } from '#lib/jmap/types.ts'
import { expandedAtFirst } from '#lib/store/expanded.ts'
import { expect, test } from 'vitest'

const emails = (count: number, isUnread: (at: number) => boolean) =>
  Array.from({ length: count }, (_, at) => ({ id: `m${at}`, keywords: isUnread(at) ? {} : { $seen: true } }) as Email)
const NONE = new Set<string>()

test('the last message and the unread ones are expanded', () => {
  expect(
    expandedAtFirst(
      emails(5, (at) => at === 1),
      NONE
    )
  ).toEqual(['m1', 'm4'])
  expect(expandedAtFirst([], NONE)).toEqual([])
})

test('of 200 unread messages the oldest one and the newest nine are expanded', () => {
  const all = emails(203, (at) => at >= 3)
  expect(expandedAtFirst(all, NONE)).toEqual(['m3', ...all.slice(-9).map(({ id }) => id)])
})

test('the ten that were expanded and are read now are not followed by ten more', () => {
  const all = emails(14, () => false)
  const before = new Set(all.slice(4).map(({ id }) => id))
  expect(expandedAtFirst(all, before)).toEqual([...before])
})
