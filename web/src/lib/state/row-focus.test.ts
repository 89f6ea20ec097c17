import { Cursor } from '#lib/state/cursor.svelte.ts'
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { RowFocus } from '#lib/state/row-focus.ts'
import { expect, test } from 'vitest'

/** The focus has left the second of three rows, and another conversation has taken its place: t0, new, t1, t2. */
function leftRow() {
  const did: string[] = []
  const shown = { key: 'inbox', threadIds: ['t0', 't1', 't2'], focused: undefined as number | undefined }
  const list = {
    get key() {
      return shown.key
    },
    get total() {
      return shown.threadIds.length
    },
    row: (index: number) => ({ threadId: shown.threadIds[index] }),
    indexOf: (id: string) => (shown.threadIds.includes(id) ? shown.threadIds.indexOf(id) : undefined)
  } as unknown as ConversationList
  const mail = { list, reader: { prefetch: () => undefined } } as unknown as Mail
  const cursor = new Cursor(mail, { threadId: undefined, openConversation: () => Promise.resolve() })
  const rows = new RowFocus(cursor, mail, {
    get focused() {
      return shown.focused
    },
    isLost: false,
    focus: (index) => did.push(`focus ${String(index)}`),
    leave: () => did.push('leave')
  })
  rows.entered({ index: 1, threadId: 't1' })
  rows.left({ index: 1, threadId: 't1' })
  shown.threadIds = ['t0', 'new', 't1', 't2']
  return { rows, cursor, shown, did }
}

const NEW = { index: 1, threadId: 'new' }

test('what gives the focus back to a row gives it to the conversation that the row showed', () => {
  const { rows, cursor } = leftRow()
  rows.entered(NEW)
  expect(cursor.current).toBe('t1')
})

test('who presses a row, or is led to it by a key, means what it shows', () => {
  const pressed = leftRow()
  pressed.rows.pressed()
  pressed.rows.entered(NEW)
  const led = leftRow()
  led.cursor.goTo('new')
  led.rows.entered(NEW)
  const elsewhere = leftRow()
  elsewhere.rows.entered({ index: 3, threadId: 't2' })
  expect([pressed, led, elsewhere].map(({ cursor }) => cursor.current)).toEqual(['new', 'new', 't2'])
})

test('if the conversation has left, the focus is given back to the current one, else to the page', () => {
  const { rows, cursor, shown, did } = leftRow()
  cursor.current = 't2'
  shown.threadIds = ['t0', 'new', 't2']
  rows.entered(NEW)
  expect([cursor.current, did]).toEqual(['t2', []])
  rows.left({ index: 1, threadId: 'gone' })
  shown.threadIds = ['t0', 'new']
  rows.entered(NEW)
  expect(did).toEqual(['leave'])
})

test('another list gives nothing back', () => {
  const { rows, cursor, shown } = leftRow()
  shown.key = 'sent'
  rows.changed()
  rows.entered(NEW)
  expect(cursor.current).toBe('new')
})

test('a row that has the focus keeps it while the keyboard is at no conversation', () => {
  const { rows, cursor, shown, did } = leftRow()
  cursor.forget()
  shown.focused = 0
  rows.changed()
  expect(did).toEqual([])
})
