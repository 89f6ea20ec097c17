import { keyOf, warningOf, type Suspect, type Warning } from '#lib/mail/warnings.ts'
import { expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'

const from = (address: string, name = 'Mara Lindqvist', more: Partial<Suspect> = {}): Suspect => ({
  from: [{ name, address, own: false }],
  replyTo: [],
  own: false,
  authentication: 'passed',
  ...more
})
const KNOWN = from('mara@papierwerk.example.org')

test('a known name with a domain that looks alike is suspicious, confirmed or not', () => {
  expect(warningOf(from('mara@papierwerck.example.org'), [KNOWN])).toEqual({
    kind: 'lookalike',
    name: 'Mara Lindqvist',
    known: 'mara@papierwerk.example.org',
    now: 'mara@papierwerck.example.org'
  })
  expect(warningOf(from('mara@pap1erwerk.example.org'), [KNOWN])?.kind).toBe('lookalike')
})

test('the same domain, a quite different domain and another name are not look-alikes', () => {
  expect(warningOf(from('office@papierwerk.example.org'), [KNOWN])).toBeNull()
  expect(warningOf(from('mara@home.example.net'), [KNOWN])).toBeNull()
  expect(warningOf(from('jonas@papierwerck.example.org', 'Jonas'), [KNOWN])).toBeNull()
})

test('a name that is written like another address is suspicious', () => {
  expect(warningOf(from('x@evil.example', 'boss@example.org'), [])?.kind).toBe('nameIsAddress')
  expect(warningOf(from('boss@example.org', 'boss@example.org'), [])).toBeNull()
})

test.each(['boss＠example.org', 'boss@exam\u200bple.org', 'ｂｏｓｓ@example.org'])(
  'a name that only looks like another address is one: %j',
  (name) => {
    expect(warningOf(from('x@evil.example', name), [])).toMatchObject({ shown: 'boss@example.org' })
  }
)

test.each([
  'Mara\u200b Lindqvist',
  'Mara  Lindqvist',
  '\u2060Mara Lindqvist',
  'Mara\u00a0Lindqvist',
  'Mara\u034f Lindqvist'
])('a known name is known with what cannot be seen in it: %j', (name) => {
  expect(warningOf(from('mara@papierwerck.example.org', name), [KNOWN])?.kind).toBe('lookalike')
})

test('a failed check of the sender is told, an absent one is not', () => {
  expect(warningOf({ ...KNOWN, authentication: 'failed' }, [])).toEqual({
    kind: 'failed',
    address: 'mara@papierwerk.example.org'
  })
  expect(warningOf({ ...KNOWN, authentication: 'unknown' }, [])).toBeNull()
})

test("one's own messages are never suspicious", () => {
  expect(warningOf({ ...KNOWN, own: true, authentication: 'failed' }, [])).toBeNull()
})

test('whoever knows a warning is told the next worst, and warned again when something else is compared', () => {
  const message = { ...from('mara@papierwerck.example.org'), authentication: 'failed' as const }
  const known = new Set<string>()
  const told = (suspect: Suspect): Warning | null => warningOf(suspect, [KNOWN], (warning) => known.has(keyOf(warning)))
  const first = told(message)
  expect(first?.kind).toBe('lookalike')
  if (first) known.add(keyOf(first))
  expect(told(message)?.kind).toBe('failed')
  known.add(keyOf({ kind: 'failed', address: 'mara@papierwerck.example.org' }))
  expect(told(message)).toBeNull()
  expect(told(from('mara@papierwerkk.example.org'))?.kind).toBe('lookalike')
})

test.each([
  ['a name of a megabyte', { name: 'a'.repeat(1_000_000), address: 'a@b.example', own: false }],
  ['a domain of a megabyte', { name: 'N', address: `a@${'b'.repeat(1_000_000)}c`, own: false }]
])('%s is looked at in a moment', (_, sender) => {
  const message = { from: [sender], replyTo: [], own: false, authentication: 'unknown' as const }
  const earlier = { ...message, from: [{ ...sender, address: `a@${'b'.repeat(1_000_000)}d` }] }
  expect(timesAsLong(() => expect(warningOf(message, [earlier])).toBeNull())).toBeLessThan(400)
})
