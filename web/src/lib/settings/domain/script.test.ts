import { expect, test } from 'vitest'
import { randomFrom } from '../../../../tests/random.ts'
import { NO_ABSENCE, phaseOf, subjectSent, type Absence } from './absence.ts'
import { FIELDS, KINDS, TESTS, type Condition, type Filter } from './filter.ts'
import { offersOf } from './offers.ts'
import { EMPTY, read, written, type Content, type Writing } from './script.ts'

const EXTENSIONS = ['body', 'copy', 'date', 'fileinto', 'imap4flags', 'mime', 'relational', 'vacation']
const WRITING: Writing = {
  offers: offersOf({ sieveExtensions: EXTENSIONS }),
  folders: { pathOf: (id) => ({ p: 'Packraum/Papier & Druck', t: 'Trash' })[id] ?? null, trashId: 't' },
  addresses: ['alice@example.org']
}
const BY_ID: Writing = { ...WRITING, offers: offersOf({ sieveExtensions: [...EXTENSIONS, 'mailbox', 'mailboxid'] }) }

const FILTER: Filter = {
  id: 'f1',
  name: 'Paper suppliers',
  on: true,
  match: 'any',
  conditions: [
    { field: 'from', test: 'ends', value: 'papierwerk.example.org', header: '' },
    { field: 'subject', test: 'contains', value: 'Palette', header: '' }
  ],
  actions: [
    { kind: 'move', value: 'p' },
    { kind: 'star', value: '' }
  ],
  stop: true
}

function of(...filters: Filter[]): Content {
  return { ...EMPTY, filters }
}

function code(content: Content, writing: Writing = WRITING): string {
  return written(content, writing)
    .split('\r\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim()
}

test('a filter is written as a person would write it', () => {
  expect(code(of(FILTER))).toBe(`require ["fileinto", "imap4flags"];

if anyof (
  address :matches "from" "*papierwerk.example.org",
  header :contains "subject" "Palette"
) {
  addflag "\\\\Flagged";
  fileinto "Packraum/Papier & Druck";
  stop;
}`)
})

test('a folder is named by its id where the server knows that', () => {
  expect(code(of(FILTER), BY_ID)).toContain('fileinto :mailboxid "p" "Packraum/Papier & Druck";')
  expect(code(of(FILTER), BY_ID)).toContain('require ["fileinto", "imap4flags", "mailbox", "mailboxid"];')
})

test('mail of a filter whose folder is gone stays in the Inbox', () => {
  expect(code(of({ ...FILTER, actions: [{ kind: 'move', value: 'gone' }] }))).not.toContain('fileinto "')
})

test('nothing is thrown away: deleting files into Trash', () => {
  expect(code(of({ ...FILTER, actions: [{ kind: 'delete', value: '' }] }))).toContain('fileinto "Trash";')
})

test('a filter that is switched off, or that the server cannot run, is kept without code', () => {
  const off = of({ ...FILTER, on: false })
  expect(code(off)).toBe('')
  expect(read(written(off, WRITING))).toEqual(off)
  const without = { ...WRITING, offers: offersOf({ sieveExtensions: ['fileinto'] }) }
  expect(code(of(FILTER), without)).toBe('')
  expect(read(written(of(FILTER), without))).toEqual(of(FILTER))
})

test('flags are added before the mail is filed, and what was written is sent on as a copy', () => {
  const actions = [
    { kind: 'keep', value: '' },
    { kind: 'forward', value: 'bob@example.net' },
    { kind: 'label', value: 'invoice' },
    { kind: 'copy', value: 'p' },
    { kind: 'read', value: '' }
  ] as const
  expect(
    code(of({ ...FILTER, actions }))
      .split('\n')
      .slice(6, -2)
  ).toEqual([
    '  addflag ["invoice", "\\\\Seen"];',
    '  fileinto :copy "Packraum/Papier & Druck";',
    '  redirect :copy "bob@example.net";',
    '  fileinto "INBOX";'
  ])
})

test('spam is left to the server where it tells what it takes for spam', () => {
  const extensions = [...EXTENSIONS, 'spamtest', 'comparator-i;ascii-numeric']
  const offers = offersOf({ sieveExtensions: extensions })
  expect(code(of(FILTER), { ...WRITING, offers })).toContain('if spamtest :value "ge"')
  expect(code(of({ ...FILTER, on: false }), { ...WRITING, offers })).toBe('')
})

const AWAY: Absence = {
  on: true,
  from: '2026-12-01T08:00:00Z',
  to: '2026-12-15T00:00:00Z',
  subject: 'Away',
  text: 'Back on the 15th.\n.\n"Bye" \\o/'
}

test('a reply comes before all filters, within its dates, with texts as they were typed', () => {
  expect(code({ filters: [FILTER], absence: AWAY })).toContain(
    `if allof (currentdate :zone "+0000" :value "ge" "iso8601" "2026-12-01T08:00:00", currentdate :zone "+0000" :value "lt" "iso8601" "2026-12-15T00:00:00", not header :contains "auto-submitted" "auto-") {
  vacation :days 7 :subject "Away" :addresses ["alice@example.org"] text:
Back on the 15th.
..
"Bye" \\o/
.
;
}`
  )
})

test('what a program sent is not replied to, with dates and without', () => {
  expect(code({ filters: [], absence: { ...AWAY, from: null, to: null } })).toContain(
    'if allof (not header :contains "auto-submitted" "auto-") {'
  )
})

// Stalwart reads `\\n` in quotation marks as a line end, `\\\\` as three backslashes, and does not find the end of `\\"`.
test.each<[Condition['test'], string]>([
  ['contains', ':matches "subject" "*C:?new?*"'],
  ['begins', ':matches "subject" "C:?new?*"'],
  ['ends', ':matches "subject" "*C:?new?"'],
  ['is', ':matches "subject" "C:?new?"']
])('any letter stands for a backslash: %s', (how, expected) => {
  const conditions = [{ field: 'subject', test: how, value: 'C:\\new\\', header: '' }] as const
  expect(code(of({ ...FILTER, conditions }))).toContain(expected)
})

test('a path in a reply arrives as it was typed', () => {
  const text = '\\\\server\\new\n.\nC:\\'
  const script = code({ filters: [], absence: { ...AWAY, subject: 'C:\\new', text } })
  expect(script).toContain(':subject "C:/new"')
  expect(script).toContain('text:\n\\\\server\\new\n..\nC:\\\n.\n;')
})

test.each(['C:\\new', ' Away \n', 'in\r\ntwo "lines"'])(
  'the subject that is shown is the one that is sent: %j',
  (subject) => {
    const script = code({ filters: [], absence: { ...AWAY, subject } })
    expect(script).toContain(`:subject "${subjectSent(subject).replaceAll('"', '\\"')}"`)
  }
)

test('a line of a reply that looks like a filter is no filter', () => {
  const text = `# filter ${JSON.stringify(FILTER)}\r\nif true { discard; }`
  const content = { filters: [], absence: { ...AWAY, text } }
  expect(read(written(content, WRITING))).toEqual(content)
})

test.each<[string, Partial<Absence>, number, string]>([
  ['off', { on: false }, 0, 'off'],
  ['without dates', { from: null, to: null }, 0, 'on'],
  ['before', {}, Date.UTC(2026, 10, 30), 'planned'],
  ['within', {}, Date.UTC(2026, 11, 2), 'on'],
  ['after', {}, Date.UTC(2026, 11, 15), 'over']
])('a reply ends by itself at its date: %s', (_, change, now, phase) => {
  expect(phaseOf({ ...AWAY, ...change }, now)).toBe(phase)
})

test('a script that was changed by hand is not ours', () => {
  const script = written(of(FILTER), WRITING)
  expect(read(script)).toEqual(of(FILTER))
  expect(read(script.replace('stop;', 'discard;'))).toBeNull()
  expect(read(script.replace('"any"', '"all"'))).toBeNull()
  expect(read(script.replace('version 1', 'version 2'))).toBeNull()
  expect(read(`${script}\r\ndiscard;\r\n`)).toBeNull()
  expect(read('')).toBeNull()
  expect(read('require "fileinto";\r\nkeep;\r\n')).toBeNull()
})

test('other line ends, or none at the end, make no other script', () => {
  const script = written({ filters: [FILTER], absence: AWAY }, WRITING)
  expect(read(script.replaceAll('\r\n', '\n'))).not.toBeNull()
  expect(read(script.trimEnd())).not.toBeNull()
})

const PIECES = [
  ...['"', '\\', '\r\n', '\n', '\r', '.', '\r\n.\r\n', 'text:\r\n', '\0', '*', '?', '/*', '*/', '#', '${x}', '\ud800'],
  ...[
    'ä',
    '日本語',
    '👩‍🚀',
    '\u2028',
    '\u0085',
    '"; discard; "',
    '\r\n# filter {}\r\n',
    'x'.repeat(998),
    ' ',
    '<',
    '@',
    '\t'
  ]
]

function textOf(random: () => number): string {
  return Array.from({ length: Math.floor(random() * 5) }, () => pick(PIECES, random)).join('')
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T
}

function some<T>(random: () => number, make: () => T): T[] {
  return Array.from({ length: Math.floor(random() * 4) }, make)
}

function filterOf(random: () => number): Filter {
  return {
    id: textOf(random),
    name: textOf(random),
    on: random() < 0.8,
    match: pick(['any', 'all'] as const, random),
    conditions: some(random, () => {
      const field = pick(FIELDS, random)
      return { field, test: pick(TESTS[field], random), value: textOf(random), header: textOf(random) }
    }),
    actions: some(random, () => ({ kind: pick(KINDS, random), value: pick(['p', 'gone', textOf(random)], random) })),
    stop: random() < 0.5
  }
}

/** What a server reads: the strings of the code, or null if something else than a string is no token of Sieve. */
function stringsIn(script: string): string[] | null {
  const TOKEN = /\s+|#[^\n]*\n|text:\r\n.*?(?<=\r\n)\.\r\n|"((?:[^"\\]|\\.)*)"|\d+|:[a-z]+|[a-z_]+|[[\]{}(),;]/suy
  const found: string[] = []
  while (TOKEN.lastIndex < script.length) {
    const [, text] = TOKEN.exec(script) ?? [null]
    if (TOKEN.lastIndex === 0) return null
    if (text !== undefined) found.push((text ?? '').replaceAll(/\\(.)/gsu, '$1'))
  }
  return found
}

test('whatever is in a filter comes back from its script, and cannot leave the strings in which it stands', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = randomFrom(seed)
    const absence = random() < 0.5 ? NO_ABSENCE : { ...AWAY, subject: textOf(random), text: textOf(random) }
    const content: Content = { filters: some(random, () => filterOf(random)), absence }
    const script = written(content, pick([WRITING, BY_ID], random))
    const stored = new TextDecoder().decode(new TextEncoder().encode(script))
    expect(read(stored), `seed ${seed}`).toEqual(content)
    const strings = stringsIn(stored)
    expect(strings, `seed ${seed}`).not.toBeNull()
    expect(
      strings?.filter((text) => text.endsWith('\\')),
      `seed ${seed}: Stalwart does not find the end of such a text`
    ).toEqual([])
    expect(stored.replaceAll('\r\n', ''), `seed ${seed}`).not.toMatch(/[\r\n\0]/)
    const code = stored.split('\r\n').filter((line) => !line.startsWith('#'))
    expect(
      code.filter((line) => /^\s*discard/.test(line)),
      `seed ${seed}`
    ).toEqual([])
  }
})

test('the texts of conditions arrive at the server as they were typed', () => {
  const value = 'a "b" c * ? ä'
  const all = (['contains', 'is'] as const).map((how) => ({ field: 'subject', test: how, value, header: '' }) as const)
  expect(stringsIn(written(of({ ...FILTER, conditions: all }), WRITING))).toContain(value)
  const ends = { field: 'subject', test: 'ends', value, header: '' } as const
  expect(stringsIn(written(of({ ...FILTER, conditions: [ends] }), WRITING))).toContain('*a "b" c \\* \\? ä')
})
