import { expect, test } from 'vitest'
import { Places } from './search-places.ts'
import { parsed } from './search-query.ts'
import { suggestionsFor, SHOWN_OPERATORS, type Known } from './search-suggestions.ts'

const KNOWN: Known = {
  people: [
    { name: 'Jonas Weber', address: 'jonas.weber@example.net' },
    { name: 'Mara', address: 'mara@example.net' }
  ],
  recent: ['from:stadtwerke subject:Abschlag', 'pulp'],
  saved: [{ name: 'Bills', query: 'label:bill is:unread' }],
  folders: ['inbox', 'sent', 'Papier & Druck'],
  labels: ['Rechnung']
}

const labels = (typed: string, kind?: string, cursor = typed.length) =>
  suggestionsFor(typed, cursor, KNOWN)
    .filter((one) => kind === undefined || one.kind === kind)
    .map(({ label }) => label)

const texts = (typed: string, kind: string, cursor = typed.length) =>
  suggestionsFor(typed, cursor, KNOWN)
    .filter((one) => one.kind === kind)
    .map(({ text }) => text)

test('before typing there are the saved and the last searches, and the operators', () => {
  expect(labels('')).toEqual([
    'label:bill is:unread',
    'from:stadtwerke subject:Abschlag',
    'pulp',
    ...SHOWN_OPERATORS.map((name) => `${name}:`)
  ])
})

test('people are suggested for an operator of people, and for a word', () => {
  expect(texts('from:jon', 'person')).toEqual(['from:jonas.weber@example.net '])
  expect(texts('von:WEB pulp', 'person', 7)).toEqual(['von:jonas.weber@example.net pulp'])
  expect(labels('jonas', 'person')).toEqual(['from:jonas.weber@example.net'])
})

test('whose name begins with what is typed comes first', () => {
  const people = [
    { name: 'Sonja', address: 'sonja@example.net' },
    { name: 'Jo', address: 'x@example.net' }
  ]
  const found = suggestionsFor('from:jo', 7, { ...KNOWN, people }).filter(({ kind }) => kind === 'person')
  expect(found.map(({ name }) => name)).toEqual(['Jo'])
  const both = suggestionsFor('from:j', 6, { ...KNOWN, people }).filter(({ kind }) => kind === 'person')
  expect(both.map(({ name }) => name)).toEqual(['Jo', 'Sonja'])
})

test('what a misspelt operator could mean comes first', () => {
  expect(suggestionsFor('a form:jonas', 12, KNOWN)[0]).toMatchObject({ kind: 'meant', text: 'a from:jonas' })
})

test('folders, labels and fixed values complete their operators', () => {
  expect(texts('a in:pap', 'value')).toEqual(['a in:"Papier & Druck" '])
  expect(labels('label:', 'value')).toEqual(['label:Rechnung'])
  expect(labels('is:', 'value')).toEqual(['is:unread', 'is:read', 'is:starred', 'is:draft'])
})

test('the beginning of an operator is completed without a space, to be typed on', () => {
  const found = suggestionsFor('a su', 4, KNOWN).find(({ kind }) => kind === 'operator')
  expect(found).toMatchObject({ text: 'a subject:', complete: false, operator: 'subject' })
})

test('operators that are in the search already do not narrow it', () => {
  expect(labels('pulp', 'narrow')).toEqual([
    'has:attachment',
    'is:unread',
    'in:sent',
    'older:1y',
    'larger:5M',
    'label:Rechnung'
  ])
  expect(labels('pulp is:read in:sent', 'narrow')).not.toContain('is:unread')
  expect(texts('pulp', 'narrow')[0]).toBe('pulp has:attachment ')
})

test('a search can be saved once', () => {
  expect(labels('pulp', 'save')).toHaveLength(1)
  expect(labels('label:bill is:unread', 'save')).toEqual([])
  expect(labels('from:', 'save')).toEqual([])
})

const PLACES = new Places(
  [
    { id: 'i', name: 'Inbox', role: 'inbox', depth: 0 },
    { id: 'j', name: 'Junk Mail', role: 'junk', depth: 0 },
    { id: 't', name: 'Trash', role: 'trash', depth: 0 },
    { id: 'p', name: 'Packraum', role: null, depth: 0 },
    { id: 'd', name: 'Papier & Druck', role: null, depth: 1 },
    { id: 'v', name: 'Vereine', role: null, depth: 0 },
    { id: 'w', name: 'Papier & Druck', role: null, depth: 1 }
  ],
  [{ keyword: 'rechnung-1', name: 'Rechnung' }]
)

test('a folder is named by its name, its path or its role, in both languages', () => {
  expect(PLACES.mailboxes('posteingang')).toEqual(['i'])
  expect(PLACES.mailboxes('Spam')).toEqual(['j'])
  expect(PLACES.mailboxes('papier & druck')).toEqual(['d', 'w'])
  expect(PLACES.mailboxes('vereine/papier & druck')).toEqual(['w'])
  expect(PLACES.aside).toEqual(['j', 't'])
})

test('unknown folders and labels are told, with the nearest one', () => {
  expect(parsed('in:Vereine label:rechnung in:anywhere', PLACES.known).problems).toEqual([])
  expect(parsed('in:Vereime', PLACES.known).problems[0]?.meant).toBe('in:vereine')
  expect(parsed('label:Rechnug', PLACES.known).problems[0]?.meant).toBe('label:rechnung')
  expect(PLACES.keyword('Rechnung')).toBe('rechnung-1')
})
