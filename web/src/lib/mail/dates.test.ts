import { groupName, groupOf, listTime, messageTime } from '#lib/mail/dates.ts'
import { expect, test } from 'vitest'

const NOW = new Date(2026, 10, 26, 15, 0) // a Thursday

test.each([
  [new Date(2026, 10, 26, 0, 1), 'today'],
  [new Date(2026, 10, 27, 9, 0), 'today'],
  [new Date(2026, 10, 25, 23, 59), 'yesterday'],
  [new Date(2026, 10, 23, 8, 0), { weekday: 1 }],
  [new Date(2026, 10, 22, 8, 0), 'lastWeek'],
  [new Date(2026, 10, 16, 8, 0), 'lastWeek'],
  [new Date(2026, 10, 15, 8, 0), { month: 10, year: 2026 }],
  [new Date(2025, 11, 31, 8, 0), { month: 11, year: 2025 }]
])('%s belongs to the group %j', (time, group) => {
  expect(groupOf(time, NOW)).toEqual(group)
})

test('a group is named in the language of the person, a month of another year with its year', () => {
  expect(groupName({ weekday: 1 }, NOW, 'en-GB')).toBe('Monday')
  expect(groupName({ weekday: 0 }, NOW, 'de')).toBe('Sonntag')
  expect(groupName({ month: 9, year: 2026 }, NOW, 'en-GB')).toBe('October')
  expect(groupName({ month: 11, year: 2025 }, NOW, 'de')).toBe('Dezember 2025')
})

test('the list shows the time today, the weekday within a week, else the date', () => {
  expect(listTime(new Date(2026, 10, 26, 9, 5), NOW, 'en-GB')).toBe('09:05')
  expect(listTime(new Date(2026, 10, 24, 9, 5), NOW, 'en-GB')).toBe('Tue')
  expect(listTime(new Date(2026, 10, 19, 9, 5), NOW, 'en-GB')).toBe('19 Nov')
  expect(listTime(new Date(2025, 10, 19, 9, 5), NOW, 'en-GB')).toBe('19/11/2025')
})

test('a conversation shows the weekday with the time', () => {
  expect(messageTime(new Date(2026, 10, 24, 9, 5), NOW, 'en-GB')).toBe('Tue 09:05')
  expect(messageTime(new Date(2026, 10, 26, 9, 5), NOW, 'en-GB')).toBe('09:05')
})

test('a date in the future is told as it is, but of the next day: a clock may be wrong', () => {
  const now = new Date(2026, 10, 27, 9)
  expect(listTime(new Date(2026, 10, 28, 8, 51), now, 'en-GB')).toBe('08:51')
  expect(listTime(new Date(9998, 11, 31, 23, 59), now, 'en-GB')).toBe('31/12/9998')
})
