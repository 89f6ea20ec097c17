import { canBeHeld, parseLocal, sendTimes, toLocal } from '#lib/writing/state/send-times.ts'
import { expect, test } from 'vitest'

const BERLIN = 'Europe/Berlin'
const WEEK = 7 * 86_400

function offered(now: string, zone = BERLIN, maxDelay = WEEK): string[] {
  return sendTimes(new Date(now), zone, maxDelay).map(({ kind, at }) => `${kind} ${at.toISOString()}`)
}

test('tonight at 20:00, tomorrow and Monday at 08:00, by the clock of the person', () => {
  expect(offered('2026-11-25T13:36:00Z')).toEqual([
    'tonight 2026-11-25T19:00:00.000Z',
    'tomorrow 2026-11-26T07:00:00.000Z',
    'monday 2026-11-30T07:00:00.000Z'
  ])
  expect(offered('2026-11-25T13:36:00Z', 'America/New_York')[0]).toBe('tonight 2026-11-26T01:00:00.000Z')
})

test('the day is that of the person, not that of Greenwich', () => {
  expect(offered('2026-11-25T23:30:00Z')[1]).toBe('tomorrow 2026-11-27T07:00:00.000Z')
  expect(offered('2026-11-26T03:00:00Z', 'America/New_York')[0]).toBe('tomorrow 2026-11-26T13:00:00.000Z')
})

test('what is over, or will be in a moment, is not offered', () => {
  expect(offered('2026-11-25T18:45:00Z').map((time) => time.split(' ')[0])).toEqual(['tomorrow', 'monday'])
})

test('a Monday that is tomorrow is offered once, and on a Monday the next one is meant', () => {
  expect(offered('2026-11-29T12:00:00Z').map((time) => time.split(' ')[0])).toEqual(['tonight', 'tomorrow'])
  expect(offered('2026-11-30T12:00:00Z')[2]).toBe('monday 2026-12-07T07:00:00.000Z')
})

test('a night in which the clocks are changed does not change the hour', () => {
  // 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
  expect(offered('2026-03-28T12:00:00Z')[1]).toBe('tomorrow 2026-03-29T06:00:00.000Z')
  expect(offered('2026-10-24T12:00:00Z')[1]).toBe('tomorrow 2026-10-25T07:00:00.000Z')
  expect(offered('2026-10-22T12:00:00Z')[2]).toBe('monday 2026-10-26T07:00:00.000Z')
})

test('nothing is offered that the mail server does not hold so long', () => {
  expect(offered('2026-11-25T13:36:00Z', BERLIN, 86_400).map((time) => time.split(' ')[0])).toEqual([
    'tonight',
    'tomorrow'
  ])
  expect(offered('2026-11-25T13:36:00Z', BERLIN, 0)).toEqual([])
  const now = new Date('2026-11-25T13:36:00Z')
  expect([canBeHeld(now, now, 60), canBeHeld(new Date(now.getTime() + 60_000), now, 60)]).toEqual([false, true])
})

test('a time that clocks skip is as much later, one that they show twice is the first', () => {
  expect(parseLocal('2026-03-29T02:30', BERLIN)?.toISOString()).toBe('2026-03-29T01:30:00.000Z')
  expect(parseLocal('2026-10-25T02:30', BERLIN)?.toISOString()).toBe('2026-10-25T00:30:00.000Z')
  expect([parseLocal('', BERLIN), parseLocal('2026-11', BERLIN)]).toEqual([null, null])
})

test('each minute of a year is what its clock shows', () => {
  for (let hour = 0; hour < 8760; hour += 7) {
    const time = new Date(Date.UTC(2026, 0, 1, hour, 10))
    const back = parseLocal(toLocal(time, BERLIN), BERLIN)
    expect(toLocal(back ?? new Date(0), BERLIN)).toBe(toLocal(time, BERLIN))
  }
})
