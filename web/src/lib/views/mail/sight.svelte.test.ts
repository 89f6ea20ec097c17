// @vitest-environment jsdom
import { device } from '../../../../tests/device.ts'
import { listed } from '../../../../tests/listed.ts'
import { followSight } from '#lib/views/mail/sight.svelte.ts'
import { turnByKey, turning } from '#lib/views/reader/turning.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { flushSync } from 'svelte'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  device.phone = false
  ends.splice(0).forEach((end) => end())
  document.body.innerHTML = ''
})

/** t0 is open; the keyboard is at t2. */
function reading(): { page: MailPage; frame: HTMLElement } {
  const { page } = listed(4)
  page.show('inbox', 't0')
  page.cursor.current = 't2'
  const reader = document.createElement('div')
  const frame = document.createElement('iframe')
  reader.append(frame)
  document.body.append(reader)
  ends.push(turning(page)(reader))
  return { page, frame }
}

test.each(['before', 'after'])(
  'a press into a message frame, which has the focus %s the window loses it, is heard',
  (when) => {
    const { page, frame } = reading()
    const focused = vi
      .spyOn(document, 'activeElement', 'get')
      .mockReturnValue(when === 'before' ? frame : document.body)
    ends.push(() => focused.mockRestore())
    dispatchEvent(new Event('blur'))
    focused.mockReturnValue(frame)
    vi.runAllTimers()
    expect(page.cursor.current).toBe('t0')
  }
)

test('whoever goes to another window of the browser has not turned to the reader', () => {
  const { page } = reading()
  dispatchEvent(new Event('blur'))
  vi.runAllTimers()
  expect(page.cursor.current).toBe('t2')
})

test('a key from a message frame is about what the frame shows', () => {
  const { page } = reading()
  turnByKey(page)
  expect(page.cursor.current).toBe('t0')
})

test('keys from a message frame, one soon after the other, lead on and on', () => {
  const { page } = reading()
  const next = (): void => {
    turnByKey(page)
    page.cursor.move(1)
  }
  next()
  next()
  expect(page.cursor.current).toBe('t2')
  vi.advanceTimersByTime(150)
  expect(page.threadId).toBe('t2')
  next()
  expect(page.cursor.current).toBe('t3')
})

test.each([
  ['a wide window', false, true, true],
  ['a wide window without a reading pane', false, false, false],
  ['a phone', true, true, false]
])('beside a conversation, %s shows the list: %#', (_, phone, pane, isShown) => {
  device.phone = phone
  const { page } = listed(3)
  page.preferences.set({ pane })
  ends.push($effect.root(() => followSight(page)))
  flushSync()
  expect(page.cursor.isShown).toBe(true)
  page.show('inbox', 't1')
  flushSync()
  expect(page.cursor.isShown).toBe(isShown)
})
