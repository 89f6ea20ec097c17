import { expect, test } from 'vitest'
import type { Folders } from './action-code.ts'
import { mistakeOf } from './errors.ts'
import { actionFault, conditionFault, forwardsOf, isWhole, isWithoutFolder } from './fault.ts'
import { filterOf, newCondition, type Condition, type Filter, type FilterAction } from './filter.ts'
import { offersOf } from './offers.ts'
import { idOfList, suggestionsFor, wordsOf } from './suggestion.ts'

const OFFERS = offersOf({ sieveExtensions: ['fileinto', 'copy', 'imap4flags'], maxNumberRedirects: 1 })
const FOLDERS: Folders = { pathOf: (id) => (id === 'p' ? 'Paper' : null), trashId: 't' }
const IS_BOSS: Condition = { field: 'from', test: 'is', value: 'boss@example.org', header: '' }
const MOVE: FilterAction = { kind: 'move', value: 'p' }
const FILTER: Filter = {
  id: '1',
  name: 'Boss',
  on: true,
  match: 'all',
  conditions: [IS_BOSS],
  actions: [MOVE],
  stop: true
}

test.each<[Condition, string | null]>([
  [IS_BOSS, null],
  [{ ...IS_BOSS, value: ' ' }, 'empty'],
  [{ ...IS_BOSS, value: 'x'.repeat(3_000) }, 'long'],
  [{ field: 'header', test: 'is', value: 'x', header: 'X: y' }, 'header'],
  [{ field: 'header', test: 'is', value: 'x', header: 'X-Mailer' }, null],
  [{ field: 'size', test: 'over', value: '5 MB', header: '' }, 'size'],
  [{ field: 'size', test: 'over', value: '5000000', header: '' }, null],
  [{ field: 'body', test: 'contains', value: 'x', header: '' }, 'server'],
  [{ field: 'attachment', test: 'is', value: '', header: '' }, 'server']
])('%j: %s', (condition, fault) => {
  expect(conditionFault(condition, OFFERS)).toBe(fault)
  expect(isWhole({ ...FILTER, conditions: [condition] }, FOLDERS, OFFERS)).toBe(fault === null)
})

test.each<[FilterAction, string | null]>([
  [MOVE, null],
  [{ kind: 'move', value: '' }, 'empty'],
  [{ kind: 'move', value: 'gone' }, 'gone'],
  [{ kind: 'forward', value: 'bob' }, 'address'],
  [{ kind: 'forward', value: 'bob@example.net' }, null],
  [{ kind: 'star', value: '' }, null]
])('%j: %s', (action, fault) => {
  expect(actionFault(action, { actions: [action] }, FOLDERS, OFFERS)).toBe(fault)
})

test('a mail cannot end in two places', () => {
  const actions: FilterAction[] = [MOVE, { kind: 'delete', value: '' }]
  expect(actions.map((action) => actionFault(action, { actions }, FOLDERS, OFFERS))).toEqual(['twice', 'twice'])
})

test('nothing is sent on where the server forbids it', () => {
  const forward: FilterAction = { kind: 'forward', value: 'bob@example.net' }
  const offers = offersOf({ sieveExtensions: ['copy'], maxNumberRedirects: 0 })
  expect(actionFault(forward, { actions: [forward] }, FOLDERS, offers)).toBe('server')
  expect(forwardsOf([{ actions: [MOVE, forward] }])).toEqual(['bob@example.net'])
})

test('a filter says that its folder is gone', () => {
  expect(isWithoutFolder(FILTER, FOLDERS)).toBe(false)
  expect(isWithoutFolder({ actions: [{ kind: 'copy', value: 'gone' }] }, FOLDERS)).toBe(true)
})

test.each([null, 1, {}, { ...FILTER, conditions: [{}] }, { ...FILTER, actions: [{ kind: 'discard' }] }])(
  'half a filter is none: %j',
  (found) => {
    expect(filterOf(found)).toBeNull()
  }
)

test('another field keeps the text, and the test where it has the same', () => {
  expect(newCondition('subject', { ...IS_BOSS, test: 'ends' })).toEqual({ ...IS_BOSS, field: 'subject', test: 'ends' })
  expect(newCondition('subject', { ...IS_BOSS, test: 'domain' })).toEqual({
    ...IS_BOSS,
    field: 'subject',
    test: 'contains'
  })
  expect(newCondition('size', IS_BOSS).value).toBe('')
})

test.each<[string | null | undefined, number | null]>([
  ['Expected token "x" but found "y" at line 2, column 5.', 2],
  ['line 3: syntax error', 3],
  ['Expected token "command" but found "nonsense" at line 0, column 0.', 4],
  ['Expected token "command" but found "other" at line 0, column 0.', null],
  ['Script is too long.', null],
  [undefined, null]
])('the place of a mistake: %s', (text, line) => {
  expect(mistakeOf(text, 'keep;\r\n# nonsense\r\nkeep;\r\nnonsense;\r\n').line).toBe(line)
})

test('a filter from a message of a list asks for the list, else for the sender', () => {
  const source = { sender: 'bot@example.org', listId: null, subject: 'Re: [ci] Build 12 of postroom failed' }
  expect(suggestionsFor(source).map(({ condition, chosen }) => [condition.field, condition.value, chosen])).toEqual([
    ['from', 'bot@example.org', true],
    ['subject', '[ci]', false],
    ['subject', 'Build', false],
    ['subject', 'postroom', false],
    ['subject', 'failed', false]
  ])
  const listed = suggestionsFor({ ...source, listId: 'Builds <builds.example.org>', subject: '' })
  expect(listed.map(({ condition, chosen }) => [condition.field, condition.value, chosen])).toEqual([
    ['list', 'builds.example.org', true],
    ['from', 'bot@example.org', false]
  ])
})

test.each([
  ['<a.example.org>', 'a.example.org'],
  ['"A <b>" <a.example.org>', 'a.example.org'],
  ['a.example.org', 'a.example.org'],
  ['two words', null],
  ['', null]
])('the id of a list in %j', (header, id) => {
  expect(idOfList(header)).toBe(id)
})

test('a subject without letters suggests nothing', () => {
  expect(wordsOf('Re: 12345 !!!')).toEqual([])
})

test.each([
  { match: undefined },
  { match: 'none' },
  { match: 'ALL' },
  { on: undefined },
  { on: 'false' },
  { stop: undefined },
  { stop: 1 }
])('a filter of which %j is not understood is none: it would hit other mail, or run though it was off', (changed) => {
  expect(filterOf({ ...FILTER, ...changed })).toBeNull()
})

test.each(['Antw: Angebot', 'Rif: Angebot', 'VS: Angebot', 'Re[2]: Angebot', '转发：Angebot'])(
  'nothing is suggested of what programs put in front of a subject: %s',
  (subject) => {
    expect(wordsOf(subject)).toEqual(['Angebot'])
  }
)
