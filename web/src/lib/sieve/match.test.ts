import { expect, test } from 'vitest'
import type { Condition, Field, Test } from './filter.ts'
import { matches, type Letter, type Verdict } from './match.ts'

const LETTER: Letter = {
  from: [{ name: 'Mara Lindqvist', email: 'Mara@Papierwerk.example.org' }],
  to: [{ name: null, email: 'alice@example.org' }],
  cc: [{ name: 'Lager', email: 'lager@birkenau-spedition.example.net' }],
  bcc: [],
  subject: ' Pallet 3 of the December order: Müller ',
  size: 5_000,
  hasAttachment: true,
  headers: (name) =>
    ({ 'list-id': ['Paper <paper.lists.example.org>'], 'x-mailer': ['Cron'], 'x-none': [] })[name] ?? null
}

function condition(field: Field, how: Test, value: string, header = ''): Condition {
  return { field, test: how, value, header }
}

test.each<[Condition, Verdict]>([
  [condition('from', 'is', 'mara@papierwerk.example.org'), true],
  [condition('from', 'is', 'Mara Lindqvist'), false],
  [condition('from', 'contains', 'LINDQVIST <mara'), true],
  [condition('from', 'begins', 'mara@'), true],
  [condition('from', 'ends', 'werk.example.org'), true],
  [condition('from', 'domain', '@papierwerk.example.org'), true],
  [condition('from', 'domain', 'example.org'), false],
  [condition('to', 'is', 'lager@birkenau-spedition.example.net'), false],
  [condition('cc', 'is', 'lager@birkenau-spedition.example.net'), true],
  [condition('recipient', 'domain', 'birkenau-spedition.example.net'), true],
  [condition('subject', 'begins', 'pallet'), true],
  [condition('subject', 'ends', 'Müller'), true],
  [condition('subject', 'ends', 'MÜLLER'), false],
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
])('%j', (one, verdict) => {
  expect(matches({ match: 'all', conditions: [one] }, LETTER)).toBe(verdict)
  expect(matches({ match: 'any', conditions: [one] }, LETTER)).toBe(verdict)
})

test('what is not known decides nothing that another condition decides', () => {
  const [yes, no, unknown] = [
    condition('size', 'over', '1'),
    condition('size', 'under', '1'),
    condition('body', 'contains', 'x')
  ]
  expect(matches({ match: 'any', conditions: [unknown, yes] }, LETTER)).toBe(true)
  expect(matches({ match: 'any', conditions: [unknown, no] }, LETTER)).toBeNull()
  expect(matches({ match: 'all', conditions: [unknown, yes] }, LETTER)).toBeNull()
  expect(matches({ match: 'all', conditions: [unknown, no] }, LETTER)).toBe(false)
})

test('a filter without conditions hits nothing', () => {
  expect(matches({ match: 'any', conditions: [] }, LETTER)).toBe(false)
  expect(matches({ match: 'all', conditions: [] }, LETTER)).toBe(false)
})
