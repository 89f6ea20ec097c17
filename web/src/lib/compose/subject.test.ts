import { expect, test } from 'vitest'
import { forwardSubject, replySubject } from './subject.ts'

test.each([
  ['Pallet 3', 'Re: Pallet 3'],
  ['Re: Pallet 3', 'Re: Pallet 3'],
  ['AW: RE: Re[2]: Pallet 3', 'Re: Pallet 3'],
  ['回复：Re^3: Pallet 3', 'Re: Pallet 3'],
  ['Re: WG: Fwd: Pallet 3', 'Re: Pallet 3'],
  ['[announce] Re: Pallet 3', 'Re: [announce] Pallet 3'],
  ['Re: [announce] AW: Re: Pallet 3', 'Re: [announce] Pallet 3'],
  ['[a] [b] c', 'Re: [a] [b] c'],
  ['', 'Re: '],
  ['Reform: what now?', 'Re: Reform: what now?'],
  ['Trail: steep', 'Re: Trail: steep']
])('a reply to %j is called %j', (subject, reply) => {
  expect(replySubject(subject)).toBe(reply)
})

test.each([
  ['Pallet 3', 'Fwd: Pallet 3'],
  ['WG: FW: Pallet 3', 'Fwd: Pallet 3'],
  ['Re: Pallet 3', 'Fwd: Pallet 3']
])('%j is forwarded as %j', (subject, forwarded) => {
  expect(forwardSubject(subject)).toBe(forwarded)
})

test('a subject of prefixes alone takes no time', () => {
  expect(replySubject('Re: '.repeat(20_000) + 'x')).toBe('Re: x')
  expect(replySubject('re '.repeat(20_000))).toMatch(/^Re: re re/)
})

test('a message can be replied to, however many names of lists and prefixes its subject has', () => {
  expect(replySubject('[a] Re: '.repeat(20_000) + 'Pallet 3')).toMatch(/^Re: \[a\] \[a\] .* Pallet 3$/)
})
