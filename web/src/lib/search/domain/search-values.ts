/** Sizes, dates and places as a search names them. Days are those of the person's time zone. */

/** `in:` with this value searches Spam and Trash too. */
export const ANYWHERE = 'anywhere'

const SIZE = /^(\d{1,9}(?:[.,]\d{1,3})?)([kmg]?)b?$/iu
/** 1 KB is 1,000 octets, as the interface shows sizes. */
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

/** "5M" → octets; null if it is no size. */
export function sizeOf(typed: string): number | null {
  const found = SIZE.exec(typed)
  if (!found) return null
  const [, figure = '', unit = ''] = found
  return Math.round(Number(figure.replace(',', '.')) * (UNITS[unit.toLowerCase()] ?? 1))
}

type Calendar = readonly [year: number, month: number, day: number]

const WORDS: Readonly<Record<string, number>> = { today: 0, heute: 0, yesterday: 1, gestern: 1 }
const SPAN = /^(\d{1,3})([dwmytj])$/iu
const YEAR_FIRST = /^([12]\d{3})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?$/u
const DAY_FIRST = /^(\d{1,2})\.(\d{1,2})\.([12]\d{3})$/u

/**
 * The beginning of the day that "2026-11-01", "1.11.2026", "2026-11", "yesterday" or "7d" (seven days ago) names; null if it
 * names none. A moment within the day would make another query of the same search each minute.
 */
export function dayOf(typed: string, now: Date): Date | null {
  const word = typed.toLowerCase()
  const back = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
  const today: Calendar = [now.getFullYear(), now.getMonth(), now.getDate()]
  if (back !== undefined) return new Date(today[0], today[1], today[2] - back)
  const span = SPAN.exec(typed)
  if (span) return spanBefore(today, Number(span[1]), (span[2] ?? '').toLowerCase())
  const written = writtenDate(typed)
  return written && exactly(...written)
}

function writtenDate(typed: string): Calendar | null {
  const yearFirst = YEAR_FIRST.exec(typed)
  if (yearFirst) return [Number(yearFirst[1]), Number(yearFirst[2] ?? 1) - 1, Number(yearFirst[3] ?? 1)]
  const dayFirst = DAY_FIRST.exec(typed)
  return dayFirst && [Number(dayFirst[3]), Number(dayFirst[2]) - 1, Number(dayFirst[1])]
}

/** German: t(age), j(ahre); weeks and months begin with the same letter in both languages. */
function spanBefore([year, month, day]: Calendar, count: number, unit: string): Date {
  if (unit === 'd' || unit === 't') return new Date(year, month, day - count)
  if (unit === 'w') return new Date(year, month, day - 7 * count)
  const months = unit === 'm' ? count : 12 * count
  const last = new Date(year, month - months + 1, 0).getDate()
  // A month before the 31st is the last day of a shorter month.
  return new Date(year, month - months, Math.min(day, last))
}

/** null for a 31st of a month that has none. */
function exactly(year: number, month: number, day: number): Date | null {
  const date = new Date(year, month, day)
  return date.getFullYear() === year && date.getMonth() === month && date.getDate() === day ? date : null
}

/** A UTCDate (RFC 8620 §1.4) has no fraction of a second if that is zero. No mail is older than 1970, and no mail server is
 * asked whether it can count below. */
export function utcDate(date: Date): string {
  return `${new Date(Math.max(0, date.getTime())).toISOString().slice(0, 19)}Z`
}
