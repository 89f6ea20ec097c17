import { honestFirst } from './honest-first.ts'
import { imitationOf } from './imitations.ts'
import type { KnownSender } from './senders.ts'
import { expect, test } from 'vitest'

const known = (address: string, name: string, wrote = true): KnownSender => ({ address, name, wrote, day: 20_000 })
const KNOWN = [
  known('jonas@papierwerk.example.org', 'Jonas Weber'),
  known('mara@papierwerk.example.org', 'Mara Lindqvist'),
  known('service@paypal.com', 'PayPal', false),
  known('anna.berg@northwind.co.uk', 'Anna Berg')
]

test.each([
  [
    'an address one letter away is taken for the person with that local part',
    'mara@papierwerck.example.org',
    '',
    'Mara Lindqvist'
  ],
  ['or with that name', 'office@papierwerck.example.org', 'Mara Lindqvist', 'Mara Lindqvist'],
  ['else for the organisation', 'office@papierwerck.example.org', 'Office', 'papierwerk.example.org'],
  ['letters of another script are read as those that are known', 'service@раураl.com', '', 'PayPal']
])('%s', (_rule, address, name, of) => {
  expect(imitationOf({ name, address }, KNOWN)?.of).toBe(of)
})

test.each([
  ['who is known', 'mara@papierwerk.example.org', 'Mara Lindqvist'],
  ['a stranger', 'deniz@kaya.de', 'Deniz Kaya'],
  ['a new address that bears the name', 'anna.berg@gmail.com', 'Anna Berg'],
  ['a service that says who did something there', 'notifications@github.com', 'Anna Berg'],
  [
    'a service, or a list, that may write under the name of who did: only the message tells',
    'mailrobot@mail.xing.com',
    'Anna Berg'
  ],
  ['a group, which has no address', '', 'Mara Lindqvist']
])('%s imitates nobody', (_who, address, name) => {
  expect(imitationOf({ name, address }, KNOWN)).toBeNull()
})

test('who imitates somebody is offered behind all others, and dropped first', () => {
  const people = ['mara@papierwerck', 'mara@papierwerk', 'maria@x'].map((address) => ({ name: '', address }))
  const imitates = ({ address }: { address: string }): string | null => (address.includes('ck') ? 'Mara' : null)
  expect(honestFirst(people, 8, imitates).map((one) => [one.address, one.imitates])).toEqual([
    ['mara@papierwerk', null],
    ['maria@x', null],
    ['mara@papierwerck', 'Mara']
  ])
  expect(honestFirst(people, 2, imitates).map(({ address }) => address)).toEqual(['mara@papierwerk', 'maria@x'])
})
