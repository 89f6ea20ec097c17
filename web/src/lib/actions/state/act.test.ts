import { listed, type Listed } from '../../../../tests/listed.ts'
import { act } from '#lib/actions/state/act.ts'
import { actions } from '#lib/words/en/actions.ts'
import { mail as words } from '#lib/words/en/mail.ts'
import { afterEach, expect, test, vi } from 'vitest'

const ARCHIVE = { kind: 'archive' } as const

afterEach(() => {
  vi.unstubAllGlobals()
})

function said({ page }: Listed): string | undefined {
  const text = page.notices.shown?.text
  return typeof text === 'function' ? text(actions, words) : text
}

test('actions hit the selected conversations, else the current one in the list, else the open one', async () => {
  const scene = listed(5)
  const { page, did } = scene
  await page.openConversation('t1')
  page.cursor.current = null
  act(page, { kind: 'star', on: true })
  page.cursor.current = 't3'
  act(page, { kind: 'star', on: true })
  page.triage.toggle('t0')
  page.triage.toggle('t4')
  act(page, { kind: 'star', on: true })
  expect(did.map(({ threadIds }) => threadIds)).toEqual([['t1'], ['t3'], ['t0', 't4']])
})

test('a current conversation that is not in the list any more is not hit: the open one is', async () => {
  const { page, did } = listed(3)
  await page.openConversation('t1')
  page.cursor.current = 'gone'
  act(page, { kind: 'star', on: true })
  expect(did.map(({ threadIds }) => threadIds)).toEqual([['t1']])
})

test('the selection ends with the action', () => {
  const { page } = listed(3)
  page.triage.toggle('t0')
  act(page, { kind: 'read', on: true })
  expect(page.triage.isSelecting).toBe(false)
})

test('the next older conversation opens in place of one that leaves, and the list goes with it', async () => {
  const { page, shown } = listed(4)
  await page.openConversation('t1')
  act(page, ARCHIVE)
  expect([page.threadId, page.cursor.current, shown()]).toEqual(['t2', 't2', ['t0', 't2', 't3']])
  act(page, ARCHIVE, { way: 'newer' })
  expect(page.threadId).toBe('t0')
})

test('the reader closes when nothing is left', async () => {
  const { page } = listed(1)
  await page.openConversation('t0')
  act(page, ARCHIVE)
  expect(page.threadId).toBeUndefined()
})

test('what stays in the list stays open', async () => {
  const { page } = listed(3)
  await page.openConversation('t1')
  act(page, { kind: 'star', on: true })
  expect([page.threadId, page.cursor.current]).toEqual(['t1', 't1'])
})

test('without a reader the keyboard goes on to the next older one', () => {
  const { page } = listed(4)
  page.cursor.current = 't1'
  page.triage.toggle('t1')
  page.triage.toggle('t2')
  act(page, ARCHIVE)
  expect([page.cursor.current, page.threadId]).toEqual(['t3', undefined])
})

test.each([
  ['the list', {}, 1],
  ['a button elsewhere', null, 0]
])('from %s the focus goes on with what takes the place of what left: %j', async (_, grid, moves) => {
  vi.stubGlobal('document', { activeElement: { closest: () => grid } })
  const { page } = listed(4)
  const { cursor } = page
  cursor.current = 't0'
  act(page, ARCHIVE)
  expect([cursor.current, cursor.moves]).toEqual(['t1', moves])
  await page.openConversation('t1')
  act(page, ARCHIVE)
  expect([cursor.current, cursor.moves]).toEqual(['t2', moves * 2])
})

test('others than the open conversation leave the reader alone', async () => {
  const { page } = listed(4)
  await page.openConversation('t1')
  act(page, ARCHIVE, { threadIds: ['t3'] })
  expect(page.threadId).toBe('t1')
})

test.each([
  [{ kind: 'archive' }, 1, 'Conversation archived'],
  [{ kind: 'archive' }, 3, '3 conversations archived'],
  [{ kind: 'delete' }, 1, 'Moved to Trash'],
  [{ kind: 'move', mailboxId: 'archive' }, 1, 'Moved to Archive'],
  [{ kind: 'spam', on: true }, 1, 'Reported as spam'],
  [{ kind: 'spam', on: false }, 1, 'Moved back to Inbox'],
  [{ kind: 'read', on: true }, 3, '3 marked as read'],
  [{ kind: 'label', keyword: 'waiting', on: true }, 1, 'Label waiting added']
] as const)('%o of %i says "%s", and can be undone', (action, count, text) => {
  const scene = listed(5)
  const { page, shown } = scene
  act(page, action, { threadIds: ['t0', 't1', 't2'].slice(0, count) })
  expect(said(scene)).toBe(text)
  page.notices.undoLast()
  expect([scene.undone, shown().length, said(scene)]).toEqual([1, 5, 'Undone'])
})

test('the last 20 actions can be undone, one by one', () => {
  const scene = listed(30)
  for (let at = 0; at < 25; at += 1) act(scene.page, ARCHIVE, { threadIds: [`t${at}`] })
  for (let times = 0; times < 25; times += 1) scene.page.notices.undoLast()
  expect(scene.undone).toBe(20)
})

test('only what cannot be undone is asked', () => {
  const { page, did } = listed(3, { role: 'trash' })
  act(page, { kind: 'destroy' }, { threadIds: ['t0', 't1'] })
  expect(did).toEqual([])
  const { dialog } = page.triage
  expect(dialog).toMatchObject({ kind: 'question', count: 2 })
  if (dialog?.kind === 'question') dialog.run()
  expect([did.length, page.notices.canUndo]).toEqual([1, false])
})

test('all that match are one action on the query; above 5,000 it is asked, as there is no undo', () => {
  const few = listed(3, { total: 1204 })
  few.page.triage.selectAll()
  expect(few.page.triage.count).toBe(1204)
  act(few.page, ARCHIVE)
  expect(few.did).toEqual([{ action: ARCHIVE, threadIds: 'all' }])
  expect(few.page.triage.isSelecting).toBe(false)
  const many = listed(3, { total: 5_001 })
  many.page.triage.selectAll()
  act(many.page, ARCHIVE)
  expect([many.did, many.page.triage.dialog?.kind]).toEqual([[], 'question'])
})

test('all that match are asked about as long as nobody knows how many they are', () => {
  const { page, did } = listed(3)
  Object.defineProperty(page.mail.list, 'total', { value: null })
  page.triage.selectAll()
  act(page, ARCHIVE)
  expect([page.triage.dialog, did]).toMatchObject([{ kind: 'question', count: null }, []])
})

test('a dialog that closes leaves the one alone that was opened by it', () => {
  const { triage } = listed(3).page
  triage.ask('more')
  const first = triage.dialog
  triage.ask('move')
  triage.closed(first)
  expect(triage.dialog).toMatchObject({ kind: 'pick', what: 'move' })
})

test('who would move only what is still to be sent is told why nothing moves', () => {
  const scene = listed(2)
  Object.assign(scene.page.mail.actions, { run: () => null, isHeld: () => true })
  act(scene.page, ARCHIVE, { threadIds: ['t0'] })
  expect(said(scene)).toBe('Not moved: it is still to be sent. Undo the sending first.')
})

test('without a connection the toast says that it is kept', () => {
  const scene = listed(2)
  Object.assign(scene.page.mail.list ?? {}, { trouble: { code: 'mail_server_away', retryAt: null, reference: null } })
  act(scene.page, ARCHIVE, { threadIds: ['t0'] })
  expect(said(scene)).toBe('Kept. It is done when you are back online.')
})

test('a dialog is about what was reached when it was asked for, but one that still loads decides on nothing', () => {
  const { page } = listed(3)
  page.cursor.current = 't0'
  page.triage.ask('move')
  page.cursor.current = 't1'
  expect(page.triage.targets).toEqual(['t1'])
  expect([page.triage.came(), page.triage.targets]).toEqual([['t0'], ['t0']])
  page.triage.closed(page.triage.dialog)
  expect(page.triage.targets).toEqual(['t1'])
})

test('what a dialog leads to is about the same', () => {
  const { page } = listed(3)
  page.cursor.current = 't0'
  page.triage.ask('more')
  const asked = page.triage.came()
  page.cursor.current = 't1'
  page.triage.on(asked, () => page.triage.ask('label'))
  page.cursor.current = 't2'
  expect(page.triage.came()).toEqual(['t0'])
})
