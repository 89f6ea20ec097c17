import { expect, test } from 'vitest'
import type { Surroundings } from './search-filter.ts'
import { matches, type Candidate } from './search-match.ts'
import { parsed } from './search-query.ts'
import { fromMark, markedParts, snippetParts } from './snippet.ts'

const AROUND: Surroundings = {
  now: new Date(2026, 10, 27, 9, 30),
  me: 'alice@example.org',
  mailboxes: (name) => (name === 'archive' ? ['a'] : []),
  keyword: (label) => label.toLowerCase(),
  aside: []
}

const MAIL: Candidate = {
  from: 'Jonas Weber jonas@example.net',
  to: 'alice@example.org',
  cc: null,
  subject: 'Größere Paletten',
  text: 'Der Lieferschein liegt bei',
  hasWholeText: false,
  fileNames: null,
  size: null,
  mailboxIds: { a: true },
  keywords: { $seen: true, waiting: true },
  receivedAt: new Date(2026, 10, 26, 0, 0),
  hasAttachment: true
}

test.each([
  ['lieferschein', true],
  ['grossere', false],
  ['große', true],
  ['paletten größere', true],
  ['GROSSERE OR groessere OR größere', true],
  ['from:jonas to:me in:archive label:waiting', true],
  ['from:jonas -is:unread', true],
  ['is:starred', false],
  ['has:attachment after:yesterday', true],
  ['before:yesterday', false],
  ['from:jonas cc:ben', false],
  ['larger:1M', false],
  ['-larger:1M', false],
  ['-invoice', false],
  ['filename:pdf', false],
  ['-filename:pdf', false]
])('%s is found in what this device knows: %s', (typed, expected) => {
  expect(matches(parsed(typed).query, MAIL, AROUND)).toBe(expected)
})

test('what the device knows of a whole message is not in it', () => {
  const whole = { ...MAIL, hasWholeText: true, fileNames: ['Lieferschein.pdf'], cc: 'ben@example.net' }
  expect(matches(parsed('-invoice cc:ben filename:.PDF').query, whole, AROUND)).toBe(true)
})

test('a snippet is text with marks, whatever else stands in it', () => {
  expect(snippetParts('a &lt;b&gt; &amp;lt; <mark>hit</mark> <img src=x> &#8230;')).toEqual([
    { text: 'a <b> &lt; ', marked: false },
    { text: 'hit', marked: true },
    { text: ' <img src=x> …', marked: false }
  ])
  expect(snippetParts('nothing')).toBeNull()
  expect(snippetParts(null)).toBeNull()
  expect(snippetParts('<mark>&#1114112;&#0;x')).toEqual([{ text: 'x', marked: true }])
})

test('a long beginning is left out, so that what is marked is seen', () => {
  const mark = { text: 'hit', marked: true }
  const parts = fromMark([{ text: 'one two three four five six seven ', marked: false }, mark])
  expect(parts).toEqual([{ text: '…four five six seven ', marked: false }, mark])
  expect(fromMark([{ text: 'short ', marked: false }, mark])[0]?.text).toBe('short ')
  expect(fromMark([mark])).toEqual([mark])
})

test('words are marked in the text of this device', () => {
  expect(markedParts('x'.repeat(100) + ' a (b) c', ['(B)'])).toEqual([
    { text: `${'x'.repeat(45)} a `, marked: false },
    { text: '(b)', marked: true },
    { text: ' c', marked: false }
  ])
  expect(markedParts('nothing', ['b'])).toBeNull()
})

test('a snippet turns no text round', () => {
  expect(snippetParts('pay \u202efdp &#x202e;<mark>exe</mark>')).toEqual([
    { text: 'pay fdp ', marked: false },
    { text: 'exe', marked: true }
  ])
})
