/** How dates are shown: short in the list, with the weekday in a conversation, and the groups of the list. */

const DAY = 86_400_000

export type Group = 'today' | 'yesterday' | { weekday: number } | 'lastWeek' | { month: number; year: number }

/** Days between two dates in the person's time zone: 0 for the same day, 1 for yesterday. */
export function daysBefore(time: Date, now: Date): number {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
  return Math.round((midnight(now) - midnight(time)) / DAY)
}

/** The group of the list that a conversation belongs to. A date in the future counts as today. */
export function groupOf(time: Date, now: Date): Group {
  const days = daysBefore(time, now)
  if (days <= 0) return 'today'
  if (days === 1) return 'yesterday'
  const sinceMonday = (now.getDay() + 6) % 7
  if (days <= sinceMonday) return { weekday: time.getDay() }
  if (days <= sinceMonday + 7) return 'lastWeek'
  return { month: time.getMonth(), year: time.getFullYear() }
}

export function sameGroup(one: Group, other: Group): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** The name of a group that is a weekday or a month. */
export function groupName(
  group: { weekday: number } | { month: number; year: number },
  now: Date,
  locale: string
): string {
  if ('weekday' in group) return weekdayName(group.weekday, locale)
  const date = new Date(group.year, group.month, 1)
  const year = group.year === now.getFullYear() ? {} : { year: 'numeric' as const }
  return new Intl.DateTimeFormat(locale, { month: 'long', ...year }).format(date)
}

/** "14:32" today, "Tue" within a week, "12 Nov" this year, "12/11/2025" before. */
export function listTime(time: Date, now: Date, locale: string): string {
  const days = daysBefore(time, now)
  if (days <= 0) return clock(time, locale)
  if (days < 7) return new Intl.DateTimeFormat(locale, { weekday: 'short' }).format(time)
  if (time.getFullYear() === now.getFullYear()) {
    return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }).format(time)
  }
  return new Intl.DateTimeFormat(locale, { day: '2-digit', month: '2-digit', year: 'numeric' }).format(time)
}

/** As in the list, with the time of day for the last week: "Mon 09:12". */
export function messageTime(time: Date, now: Date, locale: string): string {
  const short = listTime(time, now, locale)
  const days = daysBefore(time, now)
  return days > 0 && days < 7 ? `${short} ${clock(time, locale)}` : short
}

/** Date and time in full, for tooltips and screen readers. */
export function fullTime(time: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(time)
}

export function clock(time: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time)
}

function weekdayName(weekday: number, locale: string): string {
  // 4 January 1970 was a Sunday.
  return new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }).format(new Date((3 + weekday) * DAY))
}
