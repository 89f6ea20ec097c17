import { expect, test } from 'vitest'
import { FILTER, IS_BOSS, MOVE } from '../../../../tests/a-filter.ts'
import type { Folders } from './action-code.ts'
import { actionFault, conditionFault, forwardsOf, isWhole, isWithoutFolder } from './fault.ts'
import type { Condition, FilterAction } from './filter.ts'
import { offersOf } from './offers.ts'

const OFFERS = offersOf({ sieveExtensions: ['fileinto', 'copy', 'imap4flags'], maxNumberRedirects: 1 })
const FOLDERS: Folders = { pathOf: (id) => (id === 'p' ? 'Paper' : null), trashId: 't' }

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
])('what is wrong with the condition %j: %s', (condition, fault) => {
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
])('what is wrong with the action %j: %s', (action, fault) => {
  expect(actionFault(action, { actions: [action] }, FOLDERS, OFFERS)).toBe(fault)
})

test('a message cannot end in two places', () => {
  const actions: FilterAction[] = [MOVE, { kind: 'delete', value: '' }]
  expect(actions.map((action) => actionFault(action, { actions }, FOLDERS, OFFERS))).toEqual(['twice', 'twice'])
})

test('nothing is sent on where the server forbids it', () => {
  const forward: FilterAction = { kind: 'forward', value: 'bob@example.net' }
  const offers = offersOf({ sieveExtensions: ['copy'], maxNumberRedirects: 0 })
  expect(actionFault(forward, { actions: [forward] }, FOLDERS, offers)).toBe('server')
  expect(forwardsOf([{ actions: [MOVE, forward] }])).toEqual(['bob@example.net'])
})

test('a filter that names a folder which is gone is without it', () => {
  expect(isWithoutFolder(FILTER, FOLDERS)).toBe(false)
  expect(isWithoutFolder({ actions: [{ kind: 'copy', value: 'gone' }] }, FOLDERS)).toBe(true)
})
