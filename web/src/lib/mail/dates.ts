/** How dates are shown: short in the list, with the weekday in a conversation, and the groups of the list. */

const DAY = 86_400_000

export type Group = 'today' | 'yesterday' | { weekday: number } | 'lastWeek' | { month: number; year: number }

/** Days between two dates in the person's time zone: 0 for the same day, 1 for yesterday. */
function daysBefore(time: Date, now: Date): number {
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
  return formatted(date, group.year === now.getFullYear() ? 'month' : 'monthAndYear', locale)
}

/** "14:32" today, "Tue" within a week, "12 Nov" this year, "12/11/2025" before. One clock may be a day ahead of the other;
 * a date further in the future is told as it is. */
export function listTime(time: Date, now: Date, locale: string): string {
  const days = daysBefore(time, now)
  if (days <= 0 && days >= -1) return clock(time, locale)
  if (days > 0 && days < 7) return formatted(time, 'weekday', locale)
  return formatted(time, time.getFullYear() === now.getFullYear() ? 'day' : 'date', locale)
}

/** For the ear, which has no column of times beside it: "Today 14:32", "Tuesday 09:12" within a week, "12 November at 14:32". */
export function spokenTime(
  time: Date,
  now: Date,
  {
    locale,
    groups
  }: { readonly locale: string; readonly groups: { readonly today: string; readonly yesterday: string } }
): string {
  const days = daysBefore(time, now)
  if (days < 0 || days > 6)
    return formatted(time, time.getFullYear() === now.getFullYear() ? 'spoken' : 'spokenYear', locale)
  const day = [groups.today, groups.yesterday][days] ?? weekdayName(time.getDay(), locale)
  return `${day} ${clock(time, locale)}`
}

/** As in the list, with the time of day for the last week: "Mon 09:12". */
export function messageTime(time: Date, now: Date, locale: string): string {
  const short = listTime(time, now, locale)
  const days = daysBefore(time, now)
  return days > 0 && days < 7 ? `${short} ${clock(time, locale)}` : short
}

/** Date and time in full, for tooltips and screen readers. */
export function fullTime(time: Date, locale: string): string {
  return formatted(time, 'full', locale)
}

export function clock(time: Date, locale: string): string {
  return formatted(time, 'clock', locale)
}

function weekdayName(weekday: number, locale: string): string {
  // 4 January 1970 was a Sunday.
  return formatted(new Date((3 + weekday) * DAY), 'longWeekday', locale)
}

const FORMATS = {
  clock: { hour: '2-digit', minute: '2-digit' },
  weekday: { weekday: 'short' },
  longWeekday: { weekday: 'long', timeZone: 'UTC' },
  day: { day: 'numeric', month: 'short' },
  date: { day: '2-digit', month: '2-digit', year: 'numeric' },
  spoken: { day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' },
  spokenYear: { dateStyle: 'long', timeStyle: 'short' },
  month: { month: 'long' },
  monthAndYear: { month: 'long', year: 'numeric' },
  full: { dateStyle: 'full', timeStyle: 'short' }
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

const made = new Map<string, Intl.DateTimeFormat>()

/** A format is kept, since making one costs more than drawing a row. It stays in the time zone in which it was made: whoever
 * travels gets another one. */
function formatted(time: Date, name: keyof typeof FORMATS, locale: string): string {
  const key = `${name} ${locale} ${time.getTimezoneOffset()}`
  let format = made.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(locale, FORMATS[name])
    made.set(key, format)
  }
  return format.format(time)
}
