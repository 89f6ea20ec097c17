import { EarlyKeys } from './early-keys.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function begun(): EarlyKeys {
  const early = new EarlyKeys()
  early.begin()
  return early
}

test('what is typed is kept for what was asked for, once', () => {
  const early = begun()
  expect(['A', 'x', 'Backspace', 'Home', 'nn', 'Enter'].every((key) => early.keeps(key))).toBe(true)
  expect([early.take(), early.take(), early.keeps('e')]).toEqual(['A\n', '', false])
})

test.each(['😀', '👩‍👩‍👧', 'é'])('the key of %s takes all of it away again', (character) => {
  const early = begun()
  early.carries('pasted', { html: '', files: [], text: `ann${character}` })
  early.keeps('Backspace')
  expect(early.take()).toBe('ann')
})

test('of what does not come, nothing is kept; whoever types on has not seen that, and runs no command', () => {
  const early = begun()
  early.keeps('A')
  early.fail()
  for (let key = 0; key < 5; key += 1) {
    vi.advanceTimersByTime(900)
    expect(early.keeps('e')).toBe(true)
  }
  vi.advanceTimersByTime(1_100)
  expect(early.keeps('e')).toBe(false)
})

test('what was not asked for, or failed long after it was, keeps no key', () => {
  const early = new EarlyKeys()
  early.fail()
  expect(early.keeps('e')).toBe(false)
  early.begin()
  vi.advanceTimersByTime(10_100)
  early.fail()
  expect(early.keeps('e')).toBe(false)
})

test.each([0, 1_100])(
  'what was typed for what did not come is not typed into what is asked for %i ms later',
  (later) => {
    const early = begun()
    early.fail()
    early.keeps('e')
    vi.advanceTimersByTime(later)
    early.begin()
    early.keeps('A')
    expect(early.take()).toBe('A')
  }
)

test('what is asked for on the way to something else has what was typed before', () => {
  const early = begun()
  early.keeps('A')
  early.begin()
  expect(early.take()).toBe('A')
})
