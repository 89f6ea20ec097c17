import { fewNamesOf, monogram, nameOf, namesOf } from '#lib/mail/people.ts'
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
  expect(fewNamesOf(people.slice(0, 7), 'me')).toBe('P0, P1, P2, P3, P4, P5, P6'.replaceAll(/P\d/g, '$& Lindqvist'))
  expect(fewNamesOf(people, 'me')).toMatch(/ \+34$/)
})

test('a person without a name is shown by the local part of the address', () => {
  expect(nameOf(person('', 'lager@example.net'), 'me')).toBe('lager')
  expect(nameOf(person(' ', '@example.net'), 'me')).toBe('@example.net')
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
