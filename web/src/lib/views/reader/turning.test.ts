// @vitest-environment jsdom
import type { MailPage } from '#lib/state/page.svelte.ts'
import { turnByKey, turning } from '#lib/views/reader/turning.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  ends.splice(0).forEach((end) => end())
})

/** The keyboard is in the list, and another conversation is open. */
function reading(isFollowed = false) {
  const cursor = { current: 'in the list', isFollowed }
  const page = { cursor, threadId: 'open' } as unknown as MailPage
  document.body.innerHTML = '<main><iframe></iframe></main><button></button>'
  const [reader, frame, button] = ['main', 'iframe', 'button'].map((name) => document.querySelector<HTMLElement>(name))
  if (reader) ends.push(turning(page)(reader))
  const has = (focused: HTMLElement | null | undefined): unknown =>
    vi.spyOn(document, 'activeElement', 'get').mockReturnValue(focused ?? null)
  return { page, cursor, reader, frame, button, has }
}

test('whoever presses in the reader means what it shows', () => {
  const { cursor, reader } = reading()
  reader?.dispatchEvent(new Event('pointerdown'))
  expect(cursor.current).toBe('open')
})

test('so does whoever goes into a message frame, also where the browser says later that it has the focus', () => {
  const { cursor, frame, has } = reading()
  dispatchEvent(new Event('blur'))
  has(frame)
  vi.runAllTimers()
  expect(cursor.current).toBe('open')
})

test('who goes to another window means what they did before', () => {
  const { cursor, button, has } = reading()
  has(button)
  dispatchEvent(new Event('blur'))
  vi.runAllTimers()
  expect(cursor.current).toBe('in the list')
})

test.each([
  [false, 'open'],
  [true, 'in the list']
])('a key in a frame means what is open, unless the reader is about to follow the list: %j', (isFollowed, current) => {
  const { page, cursor } = reading(isFollowed)
  turnByKey(page)
  expect(cursor.current).toBe(current)
})
