import { expect, test } from 'vitest'
import type { Identity } from '#lib/jmap/types.ts'
import { addressOf, identityIn } from './identities.ts'

const identity = (id: string, email: string): Identity => ({ id, name: '', email })
const ALL = [identity('alias', 'shop@example.org'), identity('own', 'Me@example.org')]

test.each([
  ['the chosen one', 'alias', 'alias'],
  ['none was chosen: the one of the own address, in whatever case', null, 'own'],
  ['the chosen one is gone: the one of the own address', 'gone', 'own']
])('a message is sent as the right identity: %s', (_, chosen, expected) => {
  expect(identityIn(ALL, chosen, 'me@example.org')?.id).toBe(expected)
})

test('where no identity has the own address, the first one is taken', () => {
  expect(identityIn([identity('first', '*@example.org')], null, 'me@example.org')?.id).toBe('first')
  expect(identityIn([], null, 'me@example.org')).toBeUndefined()
})

test.each(['', '*@example.org'])(
  'an identity of the address "%s" stands for any of its domain: the own one is used',
  (email) => {
    expect(addressOf(identity('any', email), 'me@example.org')).toBe('me@example.org')
  }
)
