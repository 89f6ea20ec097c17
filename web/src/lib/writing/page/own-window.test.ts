import { FakeCompositions } from '../../../../tests/fake-compositions.svelte.ts'
import { openOwn } from '#lib/writing/page/own-window.ts'
import { expect, test, vi } from 'vitest'

test('what is to go on in a window of its own is on this device, where that one looks for it', () => {
  const opened = vi.fn()
  vi.stubGlobal('window', { open: opened })
  const composition = new FakeCompositions().begin({})
  openOwn(composition)
  expect([composition.did, opened.mock.calls.length]).toEqual([['on this device'], 1])
  vi.unstubAllGlobals()
})
