import { expect, test } from 'vitest'
import { filterOf, asideFilterOf, type Filter, type Surroundings } from './search-filter.ts'
import { isEmpty, parsed, printed, type Query } from './search-query.ts'
import { LONGEST_SEARCH } from './search-tokens.ts'

const AROUND: Surroundings = {
  now: new Date(2026, 10, 27, 9, 30),
  me: 'alice@example.org',
  mailboxes: (name) => ({ archive: ['a'], twice: ['b', 'c'] })[name] ?? [],
  keyword: (label) => label.toLowerCase(),
  aside: []
}

const filter = (typed: string) => filterOf(parsed(typed).query, AROUND)
const utc = (...day: [number, number, number]) => `${new Date(...day).toISOString().slice(0, 19)}Z`

test.each<[string, Filter | null]>([
  ['', null],
  ['pulp', { text: 'pulp' }],
  ['"bleached pulp"', { text: '"bleached pulp"' }],
  ['from:jonas', { from: 'jonas' }],
  ['von:"Jonas Weber"', { from: 'Jonas Weber' }],
  ['from:me', { from: 'alice@example.org' }],
  ['to:ann cc:ben', { operator: 'AND', conditions: [{ to: 'ann' }, { cc: 'ben' }] }],
  ['subject:pulp', { subject: 'pulp' }],
  ['in:archive', { inMailbox: 'a' }],
  ['in:twice', { operator: 'OR', conditions: [{ inMailbox: 'b' }, { inMailbox: 'c' }] }],
  ['in:anywhere pulp', { text: 'pulp' }],
  ['label:Waiting', { hasKeyword: 'waiting' }],
  ['is:unread', { notKeyword: '$seen' }],
  ['is:read', { hasKeyword: '$seen' }],
  ['is:starred', { hasKeyword: '$flagged' }],
  ['ist:entwurf', { hasKeyword: '$draft' }],
  ['has:attachment', { hasAttachment: true }],
  ['larger:5M', { minSize: 5_000_000 }],
  ['smaller:200k', { maxSize: 200_000 }],
  ['larger:1,5m', { minSize: 1_500_000 }],
  ['before:2026-11-01', { before: utc(2026, 10, 1) }],
  ['after:1.11.2026', { after: utc(2026, 10, 1) }],
  ['after:yesterday', { after: utc(2026, 10, 26) }],
  ['newer:7d', { after: utc(2026, 10, 20) }],
  ['older:1y', { before: utc(2025, 10, 27) }],
  ['-pulp', { operator: 'NOT', conditions: [{ text: 'pulp' }] }],
  ['a OR b', { operator: 'OR', conditions: [{ text: 'a' }, { text: 'b' }] }],
  [
    'a b OR c',
    { operator: 'AND', conditions: [{ text: 'a' }, { operator: 'OR', conditions: [{ text: 'b' }, { text: 'c' }] }] }
  ],
  [
    '(a b) OR c',
    { operator: 'OR', conditions: [{ operator: 'AND', conditions: [{ text: 'a' }, { text: 'b' }] }, { text: 'c' }] }
  ],
  ['from:(ann OR ben)', { operator: 'OR', conditions: [{ from: 'ann' }, { from: 'ben' }] }],
  ['filename:pdf', null],
  // Stalwart finds base subjects only.
  ['Re: pallet', { text: 'pallet' }],
  ['WG: Re: pallet 3', { operator: 'AND', conditions: [{ text: 'pallet' }, { text: '3' }] }],
  ['"AW: Re[2]: pallet 3"', { text: '"pallet 3"' }],
  ['subject:"Fwd: pallet 3"', { subject: '"pallet 3"' }],
  ['subject:"[paper] Re: pallet"', { subject: '"[paper] pallet"' }],
  ['from:jonas "Re: pallet"', { operator: 'AND', conditions: [{ from: 'jonas' }, { text: '"pallet"' }] }],
  ['Re[2]: pallet', { text: 'pallet' }],
  ['Re:pallet', { text: 'pallet' }],
  ['subject:AW: pallet', { text: 'pallet' }],
  ['Re[2]:', { text: 'Re[2]:' }],
  ['subject:"Re:"', { subject: 'Re:' }],
  // More than that must not be left out.
  ['-"Re: pallet"', { operator: 'NOT', conditions: [{ text: '"Re: pallet"' }] }],
  ['-subject:"Re: pallet"', { operator: 'NOT', conditions: [{ subject: '"Re: pallet"' }] }]
])('%s is asked as the filter of RFC 8621', (typed, expected) => {
  expect(filter(typed)).toEqual(expected)
})

test('Spam and Trash are left out unless the search names a mailbox', () => {
  const around = { ...AROUND, aside: ['j', 't'] }
  const query = parsed('pulp').query
  expect(filterOf(query, around)).toEqual({
    operator: 'AND',
    conditions: [{ text: 'pulp' }, { inMailboxOtherThan: ['j', 't'] }]
  })
  expect(asideFilterOf(query, around)).toEqual({
    operator: 'AND',
    conditions: [{ text: 'pulp' }, { operator: 'NOT', conditions: [{ inMailboxOtherThan: ['j', 't'] }] }]
  })
  expect(filterOf(parsed('in:archive pulp').query, around)).not.toContain('inMailboxOtherThan')
  expect(asideFilterOf(parsed('in:anywhere pulp').query, around)).toBeNull()
})

test.each([
  ['form:jonas', 'form', 'from'],
  ['betref:Rechnung', 'betref', 'betreff'],
  ['is:unraed', 'is:unraed', 'is:unread'],
  ['zebra:jonas', 'zebra', null],
  ['larger:much', 'larger:much', null]
])('%s is looked for as text, with what it could mean', (typed, wrong, meant) => {
  const { query, problems } = parsed(`a ${typed}`)
  expect(problems).toEqual([{ from: 2, to: 2 + wrong.length, typed: wrong, meant }])
  expect(printed(query)).toBe(`a ${typed}`)
})

test.each(['https://example.net', '12:30', 'Re:', 'from:', 'OR', '-', ')', '""', 'AND'])(
  '%s is no unknown operator',
  (typed) => {
    expect(parsed(typed).problems).toEqual([])
  }
)

test('a folder that there is not is reported', () => {
  const known = (_: string, value: string) => (value === 'Sent' ? { value } : { meant: 'Sent' })
  expect(parsed('in:Sent', known).problems).toEqual([])
  expect(parsed('in:Snet', known).problems).toEqual([{ from: 0, to: 7, typed: 'in:Snet', meant: 'in:Sent' }])
})

/** A generator of the same numbers each time. */
function random(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const PIECES = ['from:', 'von:', 'is:unread', 'in:', 'form:', 'larger:5M', 'older:1y', '"', '(', ')', '-', ' OR ', ' ']
const HOSTILE = [
  ...PIECES,
  'a',
  'Lieferschein',
  '\0',
  '\u202e',
  '😀',
  '\ud800',
  ':',
  '::',
  '\\',
  '<mark>',
  '-'.repeat(50),
  '(('.repeat(40)
]

function typedBy(next: () => number, pieces: readonly string[]): string {
  const count = Math.floor(next() * 30)
  return Array.from({ length: count }, () => pieces[Math.floor(next() * pieces.length)] ?? '').join('')
}

function depthOf(query: Query): number {
  if (query.kind === 'not') return 1 + depthOf(query.of)
  if (query.kind === 'all' || query.kind === 'any') return 1 + Math.max(0, ...query.of.map(depthOf))
  return 1
}

function termsOf(query: Query): number {
  if (query.kind === 'not') return termsOf(query.of)
  return query.kind === 'all' || query.kind === 'any' ? query.of.reduce((sum, one) => sum + termsOf(one), 0) : 1
}

test('whatever is typed means something, and the same when it is printed and read again', () => {
  for (let seed = 0; seed < 3000; seed += 1) {
    const typed = typedBy(random(seed), HOSTILE)
    const { query } = parsed(typed)
    const again = printed(query)
    if (again.length <= LONGEST_SEARCH) expect(parsed(again).query, typed).toEqual(query)
    expect(() => filterOf(query, AROUND)).not.toThrow()
  }
})

test('no input makes a filter that is deep or long', () => {
  const inputs = [
    '('.repeat(5000),
    '-('.repeat(5000),
    'a '.repeat(5000),
    'a OR (b '.repeat(500),
    'from:('.repeat(500) + 'a'
  ]
  for (let seed = 0; seed < 500; seed += 1) inputs.push(typedBy(random(seed), HOSTILE))
  for (const typed of inputs) {
    const { query, problems } = parsed(typed)
    expect(depthOf(query)).toBeLessThan(20)
    expect(termsOf(query)).toBeLessThanOrEqual(40)
    expect(problems.length).toBeLessThanOrEqual(LONGEST_SEARCH)
  }
})

test('problems name what is typed there', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const typed = typedBy(random(seed), PIECES)
    for (const { from, to, typed: part } of parsed(typed).problems) expect(typed.slice(from, to)).toBe(part)
  }
})

test('nothing but operators without values is no search', () => {
  expect(isEmpty(parsed('from: - OR ()').query)).toBe(true)
})
