import type { ConversationList, Mail, Row } from '#lib/state/mail.ts'
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
}

/** Of `total` conversations some are loaded; the first is open. */
function listOf(total: number, loaded = total): Scene {
  const opened: string[] = []
  const list = {
    mailboxId: 'inbox',
    total,
    row: (index: number) => (index < loaded ? ({ threadId: `t${index}` } as Row) : undefined),
    indexOf: (threadId: string) => Number(threadId.slice(1)),
    want: () => undefined
  } as unknown as ConversationList
  const mail = {
    list,
    mailboxes: { items: [], byId: () => undefined, byRole: () => undefined },
    reader: { conversation: null, open: (id: string) => opened.push(id), close: () => undefined },
    show: () => undefined
  } as unknown as Mail
  const go = (path: string): Promise<void> => {
    page.show(...(path.split('/').slice(2) as [string, string]))
    return Promise.resolve()
  }
  const page = new MailPage(mail, go, () => Promise.resolve('stayed'))
  page.show('inbox', 't0')
  opened.length = 0
  return { page, opened, load: (count) => (loaded = count) }
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
  const { page, load } = listOf(900, 50)
  page.cursor.move(Infinity, 'never')
  expect(page.cursor.current).toBe('t0')
  load(900)
  page.cursor.arrive()
  expect([page.cursor.current, page.cursor.moves]).toEqual(['t899', 1])
})
