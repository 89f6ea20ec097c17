import { Voice } from '#lib/ui/voice.svelte.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the first sentence is told at once, and what comes within three seconds after them, gathered', () => {
  const voice = new Voice()
  voice.say('2 new in Inbox: Deniz')
  expect(voice.text).toBe('2 new in Inbox: Deniz.')
  voice.say('Conversation archived', 'Undo with Z')
  voice.say('23 found')
  vi.advanceTimersByTime(2_999)
  expect(voice.text).toBe('2 new in Inbox: Deniz.')
  vi.advanceTimersByTime(1)
  expect(voice.text).toBe('Conversation archived. Undo with Z. 23 found.')
})

test('the region is empty after three seconds, and the next sentence is told at once again', () => {
  const voice = new Voice()
  voice.say('Sent')
  vi.advanceTimersByTime(3_000)
  expect(voice.text).toBe('')
  voice.say('Sent')
  expect(voice.text).toBe('Sent.')
})

test('the same words twice in a row change the region, since it would not be read otherwise', () => {
  const voice = new Voice()
  voice.say('Conversation archived')
  const first = voice.text
  voice.say('Conversation archived')
  vi.advanceTimersByTime(3_000)
  expect(voice.text).not.toBe(first)
  expect(voice.text.trim()).toBe(first)
})

test('what waits can be taken back, so that only the last of many figures is told', () => {
  const voice = new Voice()
  voice.say('Archiving: 0 of 3,000')
  const withdraw = voice.say('Archiving: 500 of 3,000')
  withdraw()
  voice.say('Archiving: 1,000 of 3,000')
  vi.advanceTimersByTime(3_000)
  expect(voice.text).toBe('Archiving: 1,000 of 3,000.')
})

test('nothing is told of empty words, and marks at the end of a sentence are kept', () => {
  const voice = new Voice()
  voice.say('')
  expect(voice.text).toBe('')
  voice.say('Stopped. 3 of 5 are done.', '', 'Loading…')
  expect(voice.text).toBe('Stopped. 3 of 5 are done. Loading…')
})
