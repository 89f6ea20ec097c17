import { reachesMore } from '#lib/writing/domain/reaches-more.ts'
import { expect, test } from 'vitest'

const ME = { name: 'Me', address: 'me@example.org', own: true }
const ANN = { name: 'Ann', address: 'ann@example.net', own: false }
const BOB = { name: 'Bob', address: 'bob@example.net', own: false }
const PLAIN = { from: [ANN], to: [ME], cc: [], replyTo: [], subject: '', own: false }

test.each([
  ['a message to me alone', {}, false],
  ['one that others got too', { to: [ME, BOB] }, true],
  ['one with a copy to another', { cc: [BOB] }, true],
  ['one that its sender copied to themselves', { cc: [{ ...ANN, address: 'Ann@Example.net' }] }, false],
  ['one of a list that a reply goes to', { to: [BOB], replyTo: [BOB] }, false],
  ['my own, to several', { own: true, from: [ME], to: [ANN, BOB] }, false],
  ['my own, with a copy to another', { own: true, from: [ME], to: [ANN], cc: [BOB] }, true]
] as const)('a reply to all is offered where it reaches more: %s', (_, more, offered) => {
  expect(reachesMore({ ...PLAIN, ...more })).toBe(offered)
})
