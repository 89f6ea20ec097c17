import { expect, test, vi } from 'vitest'
import { latePart } from './late-part.ts'

test('a part that could not be loaded is asked for again, at once when the network is back, until it is there', async () => {
  vi.useFakeTimers()
  const network = new EventTarget()
  vi.stubGlobal('addEventListener', network.addEventListener.bind(network))
  const load = vi.fn(() => Promise.reject(new TypeError('offline')))
  const part = latePart<string>(load)
  await vi.advanceTimersByTimeAsync(4_000)
  expect(load).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(load).toHaveBeenCalledTimes(2)
  load.mockImplementation(() => Promise.resolve('here') as Promise<never>)
  network.dispatchEvent(new Event('online'))
  await expect(part).resolves.toBe('here')
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
