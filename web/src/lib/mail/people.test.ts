import { fewNamesOf } from '#lib/mail/few-names.ts'
import { monogram } from '#lib/mail/monogram.ts'
import { nameOf, namesOf } from '#lib/mail/people.ts'
import { expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'

const person = (name: string, address = `${name.toLowerCase()}@example.org`, own = false) => ({ name, address, own })
const MARA = person('Mara Lindqvist')
const ME = person('Alice Brandt', 'alice@example.org', true)

test('one person is shown with the full name, several with their first names, the reader as "me"', () => {
  expect(namesOf([MARA], 'me')).toBe('Mara Lindqvist')
  expect(namesOf([MARA, person('Jonas'), ME], 'me')).toBe('Mara, Jonas, me')
  expect(namesOf([MARA, ME, MARA], 'me')).toBe('Mara, me')
})

test('of many people a few are named, and how many more there are', () => {
  const people = Array.from({ length: 40 }, (_, number) => person(`P${number} Lindqvist`))
  const names = 'P0, P1, P2, P3, P4, P5'.replaceAll(/P\d/g, '$& Lindqvist')
  expect(fewNamesOf(people.slice(0, 6), 'me')).toEqual({ names, more: 0 })
  expect(fewNamesOf(people, 'me')).toEqual({ names, more: 34 })
})

test.each([
  ['long', 'W'.repeat(70), 298],
  ['longer than any line', 'W'.repeat(7_000), 298],
  ['addresses', '', 298]
])('of 300 people whose names are %s two are named, and their names cut', (_, name, more) => {
  const people = Array.from({ length: 300 }, (_, at) => person(name, `p${at}${'w'.repeat(60)}@example.net`))
  const few = fewNamesOf(people, 'me')
  expect([few.more, few.names.length <= 150]).toEqual([more, true])
})

test.each([
  ['no name', '', 'lager@example.net'],
  ['a name of blanks', ' ', 'lager@example.net'],
  ['a name that is not seen', '\u200b\u2060', 'lager@example.net'],
  ['their address as their name', 'Lager@example.net', 'lager@example.net']
])('who has %s is shown by the whole address', (_, name, shown) => {
  expect(nameOf(person(name, 'lager@example.net'), 'me')).toBe(shown)
  expect(namesOf([person(name, 'lager@example.net'), MARA], 'me')).toBe(`${shown}, Mara`)
})

test.each([
  'security@paypal.com',
  'PayPal <service@paypal.com>',
  'service\ufe6bpaypal.com',
  'service＠paypal.com',
  `service@paypal.com${' '.repeat(100)}.`,
  'service@pay\u200bpal.com',
  'service (at) paypal.com',
  'service [ AT ] paypal.com',
  'service at paypal.com',
  'me',
  'Me',
  'ich',
  'mich',
  'mir',
  '"me"',
  'm\u200be',
  'mе',
  'іch',
  'ｍｅ'
])('beside a name that is taken for another address, or for the reader, stands the address: %s', (name) => {
  const shown = `x@evil.example (${name})`
  expect(nameOf(person(name, 'x@evil.example'), 'me')).toBe(shown)
  expect(namesOf([person(name, 'x@evil.example')], 'me')).toBe(shown)
  // Together with others a name is shortened: no such part of it may stand alone either.
  expect(namesOf([person(`${name} Berg`, 'x@evil.example'), MARA], 'ich')).not.toMatch(
    /^\P{L}*(me|m?ich|mir|ｍｅ)\P{L}*,/iu
  )
})

test.each(['Mara Lindqvist', 'Meike', 'Mich Berg', 'Michael', 'Mirja', 'Matt', 'Booking.com', 'Bar at the Corner'])(
  'an ordinary name stands alone: %s',
  (name) => {
    expect(nameOf(person(name), 'me')).toBe(name)
  }
)

test('who only claims to be the reader is somebody else', () => {
  expect(namesOf([ME, { ...ME, own: false }], 'me')).toBe('me, Alice')
})

test('initials and titles stay in front of a name', () => {
  expect(namesOf([person('Dr. Friederike Hohenstein'), MARA], 'me')).toBe('Dr. Friederike Hohenstein, Mara')
})

test('a name that begins with the last name and a comma stays whole', () => {
  expect(namesOf([person('Lindqvist, Mara'), person('Jonas Tan')], 'me')).toBe('Lindqvist, Mara, Jonas')
})

test('a monogram is made of the first and the last word of a name', () => {
  expect(monogram(MARA)).toBe('ML')
  expect(monogram(person('Anna & Luis Ferreira'))).toBe('AF')
  expect(monogram(person('', 'lager@example.net'))).toBe('L')
  expect(monogram(person('', ''))).toBe('?')
})

test('a message to 100,000 people is named in a moment', () => {
  const people = Array.from({ length: 100_000 }, (_, number) => person('', `${number}@example.net`))
  expect(timesAsLong(() => namesOf(people, 'me'))).toBeLessThan(300)
})
