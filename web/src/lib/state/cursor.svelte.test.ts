import { Cursor } from '#lib/state/cursor.svelte.ts'
import type { Row } from '#lib/state/mail.ts'
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The first conversation is open and current. Rows from `loaded` on are not loaded. */
function listOf(threadIds: readonly string[], loaded = threadIds.length) {
  const opened: string[] = []
  /** conversations that left, and that a list which is held shows still */
  const left = new Set<string>()
  const shown = { threadIds, loaded }
  const rows = (): readonly string[] => shown.threadIds.slice(0, shown.loaded)
  const list = {
    get total() {
      return shown.threadIds.length
    },
    row: (index: number) => (rows()[index] === undefined ? undefined : ({ threadId: rows()[index] } as Row)),
    indexOf: (id: string) => (rows().includes(id) && !left.has(id) ? rows().indexOf(id) : undefined),
    want: () => undefined
  } as unknown as ConversationList
  const mail = { list, reader: { prefetch: () => undefined } } as unknown as Mail
  const openConversation = (id: string): Promise<void> => Promise.resolve(void opened.push(id))
  const cursor = new Cursor(mail, { threadId: threadIds[0], openConversation })
  cursor.goTo(threadIds[0] ?? '')
  return { cursor, opened, left, shown }
}

test('the reader does not follow to what was gone on from during the rest', () => {
  const { cursor, opened } = listOf(['t0', 't1', 't2'])
  cursor.move(1)
  // As archiving goes on.
  cursor.current = 't2'
  vi.advanceTimersByTime(1_000)
  expect(opened).toEqual([])
})

test('the reader is about to follow to a row that is still to be loaded, but not once the person went elsewhere', () => {
  const { cursor, shown } = listOf(['t0', 't1'], 1)
  cursor.move(1)
  expect([cursor.isFollowed, cursor.current]).toEqual([true, 't0'])
  cursor.stay()
  shown.loaded = 2
  cursor.arrive()
  expect([cursor.isFollowed, cursor.current]).toEqual([false, 't0'])
})

test('what was current in another list leads on to no row of this one', () => {
  const { cursor } = listOf(['t0', 't1'])
  cursor.current = 't1'
  cursor.advance()
  cursor.forget()
  cursor.current = 'of no list'
  expect([cursor.advance(), cursor.current]).toEqual([false, 'of no list'])
})

test('while a held list shows what left, nothing takes over, however often it is asked, and no key is too late', () => {
  const { cursor, left } = listOf(['t0', 't1'])
  cursor.current = 't1'
  cursor.advance()
  left.add('t1')
  expect([cursor.advance(), cursor.advance(), cursor.current, cursor.isLate(0)]).toEqual([false, false, 't1', false])
})
