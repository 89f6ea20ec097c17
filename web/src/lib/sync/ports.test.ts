// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest'
import { browserPorts } from './ports.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function reloadAt(age: number): ReturnType<typeof vi.fn> {
  vi.useFakeTimers()
  const reload = vi.fn<() => void>()
  vi.stubGlobal('location', { origin: 'https://mail.test', reload })
  vi.spyOn(performance, 'now').mockReturnValue(age)
  browserPorts({ become: () => undefined } as never).reload()
  return reload
}

test('a page that was just loaded loads itself anew a moment later, so that it cannot do so without pause', () => {
  const reload = reloadAt(1_000)
  vi.advanceTimersByTime(3_999)
  expect(reload).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(reload).toHaveBeenCalledTimes(1)
})

test('one that has been open for longer does so at once', () => {
  const reload = reloadAt(60_000)
  vi.advanceTimersByTime(1)
  expect(reload).toHaveBeenCalledTimes(1)
})
