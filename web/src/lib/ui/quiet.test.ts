// @vitest-environment jsdom
import { whenQuiet } from '#lib/ui/quiet.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const work = vi.fn()

afterEach(() => work.mockClear())

test.each(['keydown', 'pointerdown', 'scroll', 'touchmove'])(
  'after a %s nothing is loaded for half a second',
  (kind) => {
    const end = whenQuiet(work)
    vi.advanceTimersByTime(400)
    document.body.dispatchEvent(new Event(kind))
    vi.advanceTimersByTime(400)
    expect(work).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2_500)
    expect(work).toHaveBeenCalledOnce()
    end()
  }
)

test('who never rests has it after two minutes', () => {
  const end = whenQuiet(work)
  const hand = setInterval(() => document.body.dispatchEvent(new Event('keydown')), 100)
  vi.advanceTimersByTime(119_000)
  expect(work).not.toHaveBeenCalled()
  vi.advanceTimersByTime(4_000)
  expect(work).toHaveBeenCalledOnce()
  clearInterval(hand)
  end()
})

test('what is called off is not done', () => {
  whenQuiet(work)()
  vi.advanceTimersByTime(200_000)
  expect(work).not.toHaveBeenCalled()
})
