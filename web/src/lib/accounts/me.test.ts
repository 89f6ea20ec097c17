import { expect, test, vi } from 'vitest'
import { whoAmI } from './me.ts'

test('a service that takes the question and never responds is away after a while', async () => {
  const ends = new AbortController()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(ends.signal)
  const found = whoAmI(
    (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))))
  )
  ends.abort()
  expect([await found, timeout.mock.calls]).toEqual(['unavailable', [[20_000]]])
  timeout.mockRestore()
})

test.each([null, {}, 'hello', []])('%j is no response of the service', async (body) => {
  expect(await whoAmI(() => Promise.resolve(Response.json(body)))).toBe('unavailable')
})
