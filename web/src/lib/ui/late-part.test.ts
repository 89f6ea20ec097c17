import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lacking, latePart } from './late-part.ts'

const network = new EventTarget()
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('addEventListener', network.addEventListener.bind(network))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a part that could not be loaded is asked for again, at once when the network is back, until it is there', async () => {
  const load = vi.fn(() => Promise.reject(new TypeError('offline')))
  const part = latePart<string>(load)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(load).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(4_000)
  expect(load).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(load).toHaveBeenCalledTimes(3)
  load.mockImplementation(() => Promise.resolve('here') as Promise<never>)
  network.dispatchEvent(new Event('online'))
  await expect(part).resolves.toBe('here')
})

test('what could not be loaded twice is lacking, until it is there; a failure with a code is told elsewhere', async () => {
  const load = vi.fn<() => Promise<string>>(() => Promise.reject(new SyntaxError('Unexpected end of input')))
  const part = latePart(load)
  void latePart(() => Promise.reject(Object.assign(new Error(), { code: 'unavailable' })))
  await vi.advanceTimersByTimeAsync(500)
  expect(lacking.size).toBe(0)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(lacking.size).toBe(1)
  load.mockResolvedValue('here')
  await vi.advanceTimersByTimeAsync(5_000)
  await part
  expect(lacking.size).toBe(0)
})
