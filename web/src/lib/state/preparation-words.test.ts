import { sayPreparation, wordFor } from '#lib/state/preparation-words.ts'
import { english, german } from '../../../tests/words.ts'
import { expect, test } from 'vitest'

test('a failed attempt names the next one, and says that nothing need be done', () => {
  const said = sayPreparation({ kind: 'attempt', attempt: 2, of: 4, seconds: 48, late: false }, english)
  expect(said).toMatchObject({ title: 'Your mailbox is being prepared', step: 'Attempt 2 in 48 s', aside: 'of 4' })
  expect(said.sentence).toContain('you need not do anything')
})

test('a long wait is told in minutes, in both languages', () => {
  const wait = { kind: 'attempt', attempt: 3, of: 4, seconds: 300, late: true } as const
  expect(sayPreparation(wait, english).step).toBe('Attempt 3 in 5 minutes')
  expect(sayPreparation(wait, german).step).toBe('Versuch 3 in 5 Minuten')
})

test('who chose a domain that is not served reads which ones are', () => {
  const refused = {
    kind: 'refused',
    code: 'domain_not_served',
    domains: ['example.net', 'example.org'],
    minutes: null
  } as const
  expect(sayPreparation(refused, english).sentence).toMatch(/Choose one at example\.net or example\.org\.$/)
  expect(sayPreparation(refused, german).sentence).toMatch(/Wählen Sie eine bei example\.net oder example\.org\.$/)
})

test('an address is refused with a reason fit for the person, also one that this page does not know', () => {
  const sentence = (code: string) =>
    sayPreparation({ kind: 'refused', code, domains: [], minutes: null }, english).sentence
  expect(sentence('reserved_name')).toContain('the name is reserved')
  expect(sentence('of the next release')).toContain('the rules of this server')
  expect(wordFor('constructor', {}, 'other')).toBe('other')
})

test('whoever has chosen another address is told when it is found, if anything looks for it', () => {
  const taken = (minutes: number | null) => sayPreparation({ kind: 'taken', minutes }, english).sentence
  expect(taken(5)).toMatch(/Choose another one\. If you already have, the next check finds it, within 5 minutes\.$/)
  expect(taken(null)).toMatch(/Choose another one\.$/)
  const refused = { kind: 'refused', code: 'reserved_name', domains: [], minutes: 5 } as const
  expect(sayPreparation(refused, german).sentence).toContain('innerhalb von 5 Minuten')
})

test('a mailbox of which nobody knows how it was made is just ready', () => {
  expect(sayPreparation({ kind: 'ready', attempts: 0, seconds: null, at: null }, english)).toEqual({
    title: 'Your mailbox is ready',
    step: 'Your mailbox is made',
    aside: undefined,
    spoken: '',
    sentence: ''
  })
})

test('all attempts failed: it says where the registration is now', () => {
  const said = sayPreparation({ kind: 'failed', attempts: 4, at: '2026-11-26T14:38:01Z' }, english)
  expect(said.step).toBe('Four attempts failed')
  expect(said.sentence).toContain('operators’ list')
})

test('an attempt is told from the one before it, without what changes each second', () => {
  const attempt = (number: number, seconds: number) =>
    sayPreparation({ kind: 'attempt', attempt: number, of: 4, seconds, late: true }, english)
  expect(attempt(3, 9).sentence).toBe(attempt(4, 9).sentence)
  expect([attempt(3, 9).spoken, attempt(3, 8).spoken]).toEqual(['Attempt 3 of 4.', 'Attempt 3 of 4.'])
  expect(attempt(4, 9).spoken).toBe('Attempt 4 of 4.')
})
