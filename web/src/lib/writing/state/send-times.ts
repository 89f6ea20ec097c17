/** When a message can be sent later: times of the person's zone, whatever its clocks do in between. */

export interface SendTime {
  readonly kind: 'tonight' | 'tomorrow' | 'monday'
  readonly at: Date
}

/** The time that a clock on the wall shows; `month` from 1. */
interface Wall {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
}

const EVENING = 20
const MORNING = 8
const MONDAY = 1
/** Milliseconds: what leaves sooner can be sent now. */
const SOON = 30 * 60_000

/** What is offered. `maxDelay`: seconds for which the mail server holds a message. */
export function sendTimes(now: Date, zone: string, maxDelay: number): readonly SendTime[] {
  const today = wallOf(now.getTime(), zone)
  const weekday = new Date(Date.UTC(today.year, today.month - 1, today.day)).getUTCDay()
  const days = (MONDAY - weekday + 7) % 7 || 7
  const at = (after: number, hour: number): Date =>
    instantOf({ ...today, day: today.day + after, hour, minute: 0 }, zone)
  const all: SendTime[] = [
    { kind: 'tonight', at: at(0, EVENING) },
    { kind: 'tomorrow', at: at(1, MORNING) },
    // Tomorrow is said of a Monday, too.
    ...(days > 1 ? [{ kind: 'monday', at: at(days, MORNING) } as const] : [])
  ]
  return all.filter((time) => time.at.getTime() - now.getTime() >= SOON && canBeHeld(time.at, now, maxDelay))
}

export function canBeHeld(at: Date, now: Date, maxDelay: number): boolean {
  return at > now && at.getTime() - now.getTime() <= maxDelay * 1000
}

/** What a field for date and time holds ("2026-11-26T08:00"); null if it is none. */
export function parseLocal(value: string, zone: string): Date | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(value)
  if (!found) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = found.slice(1).map(Number)
  return instantOf({ year, month, day, hour, minute }, zone)
}

/** For a field for date and time. */
export function toLocal(time: Date, zone: string): string {
  const { year, month, day, hour, minute } = wallOf(time.getTime(), zone)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`
}

function wallOf(time: number, timeZone: string): Wall {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23'
  })
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts
  return { year, month, day, hour, minute }
}

/**
 * A time that clocks show twice is the first one. One that they skip is as much later as they were put forward: whoever
 * chose 02:30 in that night gets 03:30.
 */
function instantOf({ year, month, day, hour, minute }: Wall, zone: string): Date {
  const asUtc = Date.UTC(year, month - 1, day, hour, minute)
  const offset = (time: number): number => {
    const wall = wallOf(time, zone)
    return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute) - time
  }
  const DAY = 86_400_000
  const [before, after] = [offset(asUtc - DAY), offset(asUtc + DAY)]
  const early = asUtc - before
  return new Date(offset(early) === before ? early : offset(asUtc - after) === after ? asUtc - after : early)
}
