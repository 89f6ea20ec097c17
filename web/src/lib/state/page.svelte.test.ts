import { listed } from '../../../tests/listed.ts'
import type { Row } from '#lib/state/mail.ts'
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { Preferences } from '#lib/settings/state/preferences.svelte.ts'
import { MailPage } from '#lib/state/page.svelte.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Scene {
  page: MailPage
  /** conversations that were opened */
  opened: string[]
  /** the rows before this one are loaded */
  load: (count: number) => void
  /** ranges that the list was asked for */
  wanted: [number, number][]
}

/** Of `total` conversations some are loaded; the first is open. */
function listOf(total: number, loaded = total): Scene {
  const opened: string[] = []
  const wanted: [number, number][] = []
  const list = {
    mailboxId: 'inbox',
    total,
    row: (index: number) => (index < loaded ? ({ threadId: `t${index}` } as Row) : undefined),
    indexOf: (threadId: string) => Number(threadId.slice(1)),
    want: (from: number, to: number) => wanted.push([from, to])
  } as unknown as ConversationList
  const mail = {
    list,
    mailboxes: { items: [], byId: () => undefined, byRole: () => undefined },
    reader: { conversation: null, open: (id: string) => opened.push(id), close: () => undefined },
    preferences: new Preferences(),
    show: () => undefined
  } as unknown as Mail
  const go = (path: string): Promise<void> => {
    page.show(...(path.split('/').slice(2) as [string, string]))
    return Promise.resolve()
  }
  const page = new MailPage(mail, go, () => Promise.resolve('stayed'))
  page.show('inbox', 't0')
  opened.length = 0
  return { page, opened, wanted, load: (count) => (loaded = count) }
}

test('the reader follows J and K after a rest, not through each conversation that is passed', () => {
  const { page, opened } = listOf(9)
  for (let times = 0; times < 4; times += 1) {
    page.cursor.move(1)
    vi.advanceTimersByTime(100)
  }
  expect([page.cursor.current, opened]).toEqual(['t4', []])
  vi.advanceTimersByTime(150)
  expect(opened).toEqual(['t4'])
})

test('the keyboard begins at the top of another list, wherever it was in the one before', () => {
  const { page } = listOf(9)
  page.cursor.goTo('t4')
  page.show('sent', undefined)
  expect(page.cursor.current).toBeNull()
  page.show('sent', 't2')
  expect(page.cursor.current).toBe('t2')
})

test('who opens or closes a conversation is not led on to the one that the keyboard passed', async () => {
  const { page, opened } = listOf(9)
  page.cursor.move(1)
  await page.openConversation('t7')
  page.cursor.move(1)
  await page.closeConversation()
  vi.advanceTimersByTime(1_000)
  expect(opened).toEqual(['t7'])
})

test('the arrows of the reader open at once', () => {
  const { page, opened } = listOf(9)
  page.cursor.move(1, 'now')
  expect(opened).toEqual(['t1'])
})

test('a move to a row that is not loaded yet is done when it comes', () => {
  const { page, load, wanted } = listOf(900, 50)
  page.cursor.move(Infinity, 'never')
  expect([page.cursor.current, wanted]).toEqual(['t0', [[899, 900]]])
  load(900)
  page.cursor.arrive()
  expect([page.cursor.current, page.cursor.moves]).toEqual(['t899', 1])
})

test('who goes back from a conversation is not led on to a row that is loaded later', () => {
  const { page, load } = listOf(900, 50)
  page.cursor.move(Infinity)
  page.show('inbox', undefined)
  load(900)
  page.cursor.arrive()
  expect(page.cursor.current).toBe('t0')
})

test('without an open conversation the keyboard opens none', async () => {
  const { page, opened } = listOf(9)
  await page.closeConversation()
  page.cursor.move(1, 'now')
  page.cursor.move(1)
  vi.advanceTimersByTime(1_000)
  expect([page.cursor.current, opened]).toEqual(['t2', []])
})

test('when the current conversation leaves the list, the one at its last place takes over', () => {
  const { page } = listed(6)
  page.cursor.current = 't1'
  page.cursor.advance()
  page.cursor.current = 't3'
  page.cursor.advance()
  page.mail.actions.run({ kind: 'archive' }, ['t3'])
  expect([page.cursor.advance(), page.cursor.current]).toEqual([true, 't4'])
})

test('the keyboard goes on in the list from a conversation that is closed, but not in another list', () => {
  const moves = ['inbox', 'sent'].map((segment) => {
    const { page } = listOf(3)
    page.show(segment, undefined)
    return page.cursor.moves
  })
  expect(moves).toEqual([1, 0])
})

test('the keyboard is at the draft that is written on', async () => {
  const { page } = listOf(3)
  Object.assign(page.mail.list ?? {}, { row: () => ({ threadId: 't2', draft: true, messages: 1, emailId: 'e2' }) })
  const started: unknown[] = []
  page.writing.start = (start) => Promise.resolve(void started.push(start))
  await page.openRow('t2')
  expect([page.cursor.current, page.threadId, started]).toEqual(['t2', 't0', [{ kind: 'edit', emailId: 'e2' }]])
})

test.each([
  [null, null, false],
  [0, null, true],
  [null, { code: 'unknown' }, true]
])('a list of %j conversations, with the trouble %j, is listed: %j', (total, trouble, listed) => {
  const { page } = listOf(1)
  Object.assign(page.mail.list ?? {}, { total, trouble })
  expect(page.isListed).toBe(listed)
})

test('a conversation that was opened where the address names no folder stays the current one once it does', async () => {
  const { page } = listOf(3)
  page.follow(undefined, undefined, null)
  await page.openConversation('t1')
  await page.closeConversation()
  expect([page.threadId, page.cursor.current]).toEqual([undefined, 't1'])
})
