import { expect, test } from 'vitest'
import type { Condition, Field, Test } from './filter.ts'
import { matches, type Candidate, type Verdict } from './match.ts'

const EMAIL: Candidate = {
  from: [{ name: 'Mara Lindqvist', email: 'Mara@Papierwerk.example.org' }],
  to: [{ name: null, email: 'alice@example.org' }],
  cc: [{ name: 'Lager', email: 'lager@birkenau-spedition.example.net' }],
  bcc: [],
  subject: ' Pallet 3 of the December order: Müller ',
  size: 5_000,
  attachments: [{ type: 'application/pdf', disposition: 'inline' }],
  headers: (name) =>
    ({
      from: ['"Lindqvist, Mara" <Mara@Papierwerk.example.org>'],
      to: ['alice@example.org'],
      cc: ['Lager: <lager@birkenau-spedition.example.net>;'],
      'list-id': ['Paper <paper.lists.example.org>'],
      'x-mailer': ['Cron'],
      'x-none': []
    })[name] ?? null
}

function condition(field: Field, how: Test, value: string, header = ''): Condition {
  return { field, test: how, value, header }
}

test.each<[Condition, Verdict]>([
  [condition('from', 'is', 'mara@papierwerk.example.org'), true],
  [condition('from', 'is', 'Mara Lindqvist'), false],
  [condition('from', 'contains', '"LINDQVIST, mara" <MARA'), true],
  [condition('from', 'contains', 'Mara Lindqvist'), false],
  [condition('cc', 'contains', 'lager:'), true],
  [condition('recipient', 'contains', 'spedition'), true],
  [condition('from', 'begins', 'mara@'), true],
  [condition('from', 'ends', 'werk.example.org'), true],
  [condition('from', 'domain', '@papierwerk.example.org'), true],
  [condition('from', 'domain', 'example.org'), false],
  [condition('to', 'is', 'lager@birkenau-spedition.example.net'), false],
  [condition('cc', 'is', 'lager@birkenau-spedition.example.net'), true],
  [condition('recipient', 'domain', 'birkenau-spedition.example.net'), true],
  [condition('subject', 'begins', 'pallet'), true],
  [condition('subject', 'ends', 'Müller'), true],
  [condition('subject', 'ends', 'MÜLLER'), true],
  [condition('subject', 'contains', '3 OF'), true],
  [condition('subject', 'is', 'pallet 3 of the december order: Müller'), true],
  [condition('list', 'is', 'paper.lists.example.org'), true],
  [condition('list', 'is', 'lists.example.org'), false],
  [condition('list', 'contains', 'lists.example'), true],
  [condition('header', 'is', 'cron', 'X-Mailer'), true],
  [condition('header', 'is', 'cron', 'X-None'), false],
  [condition('header', 'is', 'cron', 'X-Other'), null],
  [condition('body', 'contains', 'anything'), null],
  [condition('size', 'over', '4999'), true],
  [condition('size', 'over', '5000'), false],
  [condition('size', 'under', '5000'), false],
  [condition('attachment', 'is', ''), true]
])('the condition %j alone decides about an email: %s', (one, verdict) => {
  expect(matches({ match: 'all', conditions: [one] }, EMAIL)).toBe(verdict)
  expect(matches({ match: 'any', conditions: [one] }, EMAIL)).toBe(verdict)
})

test('what is not known decides nothing that another condition decides', () => {
  const [yes, no, unknown] = [
    condition('size', 'over', '1'),
    condition('size', 'under', '1'),
    condition('body', 'contains', 'x')
  ]
  expect(matches({ match: 'any', conditions: [unknown, yes] }, EMAIL)).toBe(true)
  expect(matches({ match: 'any', conditions: [unknown, no] }, EMAIL)).toBeNull()
  expect(matches({ match: 'all', conditions: [unknown, yes] }, EMAIL)).toBeNull()
  expect(matches({ match: 'all', conditions: [unknown, no] }, EMAIL)).toBe(false)
})

test('a filter without conditions matches nothing', () => {
  expect(matches({ match: 'any', conditions: [] }, EMAIL)).toBe(false)
  expect(matches({ match: 'all', conditions: [] }, EMAIL)).toBe(false)
})

test.each([
  ['application/pdf', 'attachment', true],
  ['text/plain', 'ATTACHMENT', true],
  ['application/pdf', 'inline', true],
  ['Application/PDF', null, true],
  ['message/rfc822', null, true],
  ['text/calendar', null, true],
  ['image/png', 'inline', false],
  ['text/plain', null, false],
  [null, null, false]
])('a part of type %s and disposition %s is a file: %s', (type, disposition, is) => {
  const email = { ...EMAIL, attachments: [{ type, disposition }] }
  expect(matches({ match: 'all', conditions: [condition('attachment', 'is', '')] }, email)).toBe(is)
})
