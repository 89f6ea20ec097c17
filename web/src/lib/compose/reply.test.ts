import { quote, replySubject, replyTo } from '#lib/compose/reply.ts'
import { expect, test } from 'vitest'

const person = (address: string, own = false) => ({ name: '', address, own })
const message = {
  from: [person('mara@example.net')],
  to: [person('alice@example.org', true)],
  cc: [],
  replyTo: [],
  subject: '',
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

test.each([
  ['Pallet 3', 'Re: Pallet 3'],
  ['Re: Pallet 3', 'Re: Pallet 3'],
  ['AW: RE: Re[2]: Pallet 3', 'Re: Pallet 3'],
  ['', 'Re: '],
  ['Reform: what now?', 'Re: Reform: what now?']
])('a reply to %j is called %j', (subject, reply) => {
  expect(replySubject(subject)).toBe(reply)
})

test('each line is quoted once more', () => {
  expect(quote('Hello\r\n> Bye\n\n', 'Mara wrote:')).toBe('Mara wrote:\n> Hello\n>> Bye\n')
})
