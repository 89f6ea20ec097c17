import { identityFor, replyAllTo, replyTo } from './reply.ts'
import { expect, test } from 'vitest'

const person = (address: string, own = false) => ({ name: '', address, own })
const message = {
  from: [person('mara@example.net')],
  to: [person('alice@example.org', true)],
  cc: [],
  replyTo: [],
  own: false
}

test('a reply goes to Reply-To, else to From', () => {
  expect(replyTo(message)).toEqual(message.from)
  expect(replyTo({ ...message, replyTo: [person('list@example.net')] })).toEqual([person('list@example.net')])
})

test("a reply to one's own message goes to whom that one went to", () => {
  const own = { ...message, from: message.to, to: message.from, own: true }
  expect(replyTo(own)).toEqual(message.from)
})

const alice = { name: 'Alice', address: 'alice@example.org' }
const names = (people: readonly { address: string }[]) => people.map(({ address }) => address)

test('a reply to all goes to its author and to all others, once each, and not to the one who writes', () => {
  const all = replyAllTo({
    ...message,
    to: [person('alice@example.org', true), person('jonas@example.net'), person('MARA@example.net')],
    cc: [person('jonas@EXAMPLE.net'), person('list@example.com'), person('alice+x@example.org', true)]
  })
  expect([names(all.to), names(all.cc)]).toEqual([['mara@example.net', 'jonas@example.net'], ['list@example.com']])
})

test('a reply to all of a message that asks for another address goes there and not to its author', () => {
  const all = replyAllTo({ ...message, replyTo: [person('desk@example.net')], to: [person('jonas@example.net')] })
  expect(names(all.to)).toEqual(['desk@example.net', 'jonas@example.net'])
})

test('a reply to all of an own message goes to the same people again', () => {
  const all = replyAllTo({
    ...message,
    own: true,
    from: message.to,
    to: message.from,
    cc: [person('jonas@example.net')]
  })
  expect([names(all.to), names(all.cc)]).toEqual([['mara@example.net'], ['jonas@example.net']])
})

test('who wrote only to themselves replies to themselves', () => {
  const own = { ...message, own: true, from: message.to }
  expect(names(replyAllTo(own).to)).toEqual(['alice@example.org'])
})

test.each([
  ['the address to which it was sent', { to: [person('Alias@example.org', true)] }, 'alias@example.org'],
  ['that of a copy', { to: [person('x@example.net')], cc: [person('alias@example.org', true)] }, 'alias@example.org'],
  ['the one without its tag', { to: [person('alias+shop@example.org', true)] }, 'alias@example.org'],
  [
    'the one that wrote it',
    { own: true, from: [person('alias@example.org', true)], to: [alice].map((each) => ({ ...each, own: true })) },
    'alias@example.org'
  ],
  ['no one in particular', { to: [person('list@example.net')] }, undefined]
])('%s answers', (_, change, address) => {
  const identities = [alice, { name: '', address: 'alias@example.org' }]
  expect(identityFor({ ...message, ...change }, identities)?.address).toBe(address)
})
