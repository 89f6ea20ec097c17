// @vitest-environment jsdom
import { actionWords } from '#lib/ui/action-words.svelte.ts'
import { Choice } from '#lib/words/choice.ts'
import { Speech } from '#lib/words/words.svelte.ts'
import { english } from '../../../tests/words.ts'
import { expect, test, vi } from 'vitest'

const spoken = new Speech('en', english, new Choice())
vi.mock('#lib/words/words.svelte.ts', async (original) => ({ ...(await original<object>()), speech: () => spoken }))
const network = vi.hoisted(() => ({ isThere: false }))
vi.mock('#lib/words/actions.ts', () => ({
  loadActionWords: () => (network.isThere ? Promise.resolve('words') : Promise.reject(new TypeError('no network')))
}))

test('words that could not be loaded come when the network is back', async () => {
  vi.useFakeTimers()
  const words = actionWords()
  expect(words()).toBeNull()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(words()).toBeNull()
  network.isThere = true
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  expect(words()).toBe('words')
})
