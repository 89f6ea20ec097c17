// @vitest-environment jsdom
import '../../../../tests/drawn.ts'
import { listed } from '../../../../tests/listed.ts'
import { keepData, keepKey, onPageKey } from '#lib/views/mail/keys.ts'
import { expect, test } from 'vitest'

function press(page: Parameters<typeof keepKey>[1], target: HTMLElement, key: string, ctrlKey = false): boolean {
  const event = new KeyboardEvent('keydown', { key, ctrlKey, cancelable: true, bubbles: true })
  document.body.append(target)
  const keeping = (heard: KeyboardEvent) => keepKey(heard, page)
  document.addEventListener('keydown', keeping)
  target.dispatchEvent(event)
  document.removeEventListener('keydown', keeping)
  return event.defaultPrevented
}

test('while a window of writing loads, a space and Enter are text wherever the focus is, but in a field', () => {
  const { page } = listed(3)
  const button = document.createElement('button')
  expect(press(page, button, ' ')).toBe(false)
  void page.writing.start({ kind: 'new' })
  expect(press(page, document.createElement('input'), 'x')).toBe(false)
  expect(press(page, button, 'r', true)).toBe(false)
  for (const key of ['a', ' ', 'Enter', 'Tab', 'b']) expect(press(page, button, key)).toBe(true)
  expect(page.early.take()).toBe('a \nb')
  expect(press(page, button, ' ')).toBe(false)
})

/** A file of this name, in a paste or a drop. */
function give(page: Parameters<typeof keepData>[1], kind: 'paste' | 'drop', text: string): boolean {
  const data = { files: [new File(['1'], 'plan.pdf')], getData: (type: string) => (type === 'text/plain' ? text : '') }
  const given = kind === 'drop' ? { dataTransfer: data } : { clipboardData: data }
  const event = Object.assign(new Event(kind, { cancelable: true }), given)
  keepData(event as unknown as ClipboardEvent, page)
  return event.defaultPrevented
}

test('what is typed, pasted and dropped while a window of writing loads is kept in this order', () => {
  const { page } = listed(3)
  expect(give(page, 'paste', 'A')).toBe(false)
  void page.writing.start({ kind: 'new' })
  press(page, document.createElement('p'), 'a')
  expect([give(page, 'paste', 'B'), give(page, 'drop', '')]).toEqual([true, true])
  press(page, document.createElement('p'), 'Backspace')
  press(page, document.createElement('p'), 'c')
  const kept = page.early.takeAll().map((one) => (one.kind === 'typed' ? one.text : [one.kind, one.data.text]))
  expect(kept).toEqual(['a', ['pasted', 'B'], ['dropped', ''], 'c'])
})

test('Escape gives up what was typed', () => {
  const { page } = listed(3)
  void page.writing.start({ kind: 'new' })
  press(page, document.createElement('p'), 'a')
  press(page, document.createElement('p'), 'Escape')
  expect(press(page, document.createElement('p'), 'b')).toBe(false)
  expect(page.early.take()).toBe('')
})

test('what is pressed in a row is done in this order: E archives where the keyboard was, not where J leads', () => {
  const { page, did } = listed(3)
  page.cursor.current = 't0'
  for (const key of ['e', 'j']) onPageKey(new KeyboardEvent('keydown', { key }), page)
  expect(did).toEqual([{ action: { kind: 'archive' }, threadIds: ['t0'] }])
  expect(page.cursor.current).toBe('t2')
})
