import { expect, test } from 'vitest'
import type { Recipient } from './draft.ts'
import { notAddresses, withRecipients } from './addressees.ts'
import { recipientsOf, recipientText } from './recipients.ts'
import { timesAsLong } from '../../../../tests/processor-time.ts'

const said = (text: string): string[] => recipientsOf(text).map(({ name, address }) => `${name}|${address}`)

test.each([
  ['mara@example.org', ['|mara@example.org']],
  [' Mara Lindqvist <mara@example.org> ', ['Mara Lindqvist|mara@example.org']],
  ['"Lindqvist, Mara" <mara@example.org>', ['Lindqvist, Mara|mara@example.org']],
  ['"Mara \\"M\\" L" <mara@example.org>', ['Mara "M" L|mara@example.org']],
  [
    'a@example.org, b@example.org; c@example.org\nd@example.org',
    ['|a@example.org', '|b@example.org', '|c@example.org', '|d@example.org']
  ],
  ['a@example.org b@example.org', ['|a@example.org', '|b@example.org']],
  ['a@example.org，b@example.org；c@example.org', ['|a@example.org', '|b@example.org', '|c@example.org']],
  [
    'Lindqvist, Mara <mara@example.org>; Tan, Jonas <jonas@example.org>',
    ['Lindqvist, Mara|mara@example.org', 'Tan, Jonas|jonas@example.org']
  ],
  ["'Mara' <mara@example.org>", ['Mara|mara@example.org']],
  ["'mara@example.org'", ['|mara@example.org']],
  ['Mara Lindqvist [mailto:mara@example.org]', ['Mara Lindqvist|mara@example.org']],
  ['mara@example.org (Mara Lindqvist)', ['Mara Lindqvist|mara@example.org']],
  ['Mara Lindqvist (mara@example.org)', ['Mara Lindqvist|mara@example.org']],
  [
    'Mara Lindqvist\tmara@example.org\nJonas\tjonas@example.org',
    ['Mara Lindqvist|mara@example.org', 'Jonas|jonas@example.org']
  ],
  ['line@example.org\tTab <tab@example.org>', ['|line@example.org', 'Tab|tab@example.org']],
  ['mara@example.org\tMara\n\tjonas@example.org\t', ['|mara@example.org Mara', '|jonas@example.org']],
  ['Mara\tmara@example.org\tJonas\tjonas@example.org', ['Mara|mara@example.org', 'Jonas|jonas@example.org']],
  ['mara@example.org <mara@example.org>', ['|mara@example.org']],
  ['mailto:mara@example.org', ['|mara@example.org']],
  ['Team: a@example.org, Bo <b@example.org>;, c@example.org', ['|a@example.org', 'Bo|b@example.org', '|c@example.org']],
  ['undisclosed-recipients:;', []],
  ['To: a@example.org\nCc: b@example.org', ['|a@example.org', '|b@example.org']],
  ['用户 <用户@例子.广告>', ['用户|用户@例子.广告']],
  ['Mara 👩‍🔬 <mara@example.org>', ['Mara 👩‍🔬|mara@example.org']],
  ['mara@[IPv6:2001:db8::1]', ['|mara@[IPv6:2001:db8::1]']],
  ['mara\u200b@example.org\u200e', ['|mara@example.org']],
  [' , ; \n', []]
])('%j is understood', (text, expected) => {
  expect(said(text)).toEqual(expected)
})

test.each([
  ['Mara', ['|Mara']],
  ['Mara, jonas@example.org', ['|Mara', '|jonas@example.org']],
  ['Mara <mara@', ['|Mara <mara@']],
  ['"Mara', ['|"Mara']],
  ['mara at example.org', ['|mara at example.org']],
  ['Mara <mara at example>', ['Mara|mara at example']]
])('%j keeps what is no address', (text, expected) => {
  expect(said(text)).toEqual(expected)
})

test.each<Recipient>([
  { name: '', address: 'mara@example.org' },
  { name: 'Mara', address: 'mara@example.org' },
  { name: 'Lindqvist, "Mara" \\ <x>', address: 'mara@example.org' },
  { name: "'Mara'", address: 'mara@example.org' },
  { name: 'Müller: Söhne; (Berlin)', address: 'büro@müller.example' },
  { name: '', address: '"a, b"@example.org' },
  { name: 'ענת כהן 👩‍🔬', address: 'anat@example.org' }
])('$name <$address> is typed and read again', (recipient) => {
  expect(recipientsOf(recipientText(recipient))).toEqual([recipient])
})

test('each address stands there once, and takes over a name', () => {
  const list = withRecipients(
    recipientsOf('mara@example.org, a@example.org'),
    recipientsOf('Mara <MARA@example.org>, B <b@example.org>, b@example.org')
  )
  expect(list).toEqual([
    { name: 'Mara', address: 'mara@example.org' },
    { name: '', address: 'a@example.org' },
    { name: 'B', address: 'b@example.org' }
  ])
})

test('those to whom nothing can be sent are told, whatever the field', () => {
  const draft = { to: recipientsOf('mara@example'), cc: recipientsOf('a@example.org'), bcc: recipientsOf('Jonas') }
  expect(notAddresses(draft).map(({ address }) => address)).toEqual(['mara@example', 'Jonas'])
})

test.each(['<', '"', '(', 'a@b,', 'a ', '"a" ', 'a@example.org ', '[', "'", 'a:', '@:', '://', '\\"', ' <a@b> ', '\t'])(
  'a paste of %j without end takes no time',
  (piece) => {
    expect(timesAsLong(() => recipientsOf(piece.repeat(1_000_000 / piece.length)))).toBeLessThan(400)
    const pieces = 'a'.repeat(100_000) + piece.repeat(100_000 / piece.length)
    expect(timesAsLong(() => recipientsOf(pieces))).toBeLessThan(400)
  }
)

test('five thousand people are pasted', () => {
  const people = Array.from({ length: 5_000 }, (_, at) => `Person ${at} <p${at}@example.org>`)
  expect(recipientsOf(people.join('\n'))).toHaveLength(5_000)
})
