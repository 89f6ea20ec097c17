// @vitest-environment jsdom
import { after, draw, pageOf } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import Notices from '#lib/views/mail/Notices.svelte'
import { flushSync } from 'svelte'
import { afterEach, expect, test, vi } from 'vitest'

/** Parts of the page load once the network is there. */
const network = vi.hoisted(() => ({ waiting: [] as (() => void)[] }))
vi.mock('#lib/ui/late-part.ts', () => ({
  latePart: async <T>(load: () => Promise<T>): Promise<T> => {
    await new Promise<void>((resolve) => network.waiting.push(resolve))
    return load()
  }
}))

afterEach(() => vi.useRealTimers())

test('a notice whose words come late is shown then, for as long as any other, and can be undone', async () => {
  const drawn = await pageOf(new ModelServer())
  const end = await draw(drawn, Notices, { title: 'Inbox' })
  const shown = () => document.querySelector('.toast')?.textContent ?? ''
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  drawn.page.notices.say(({ said }) => said.waits, { run: () => undefined, done: null })
  flushSync()
  vi.advanceTimersByTime(60_000)
  vi.useRealTimers()
  expect(shown()).toBe('')
  await after(() => network.waiting.splice(0).forEach((load) => load()))
  expect(shown()).toContain('It is done when you are back online.')
  expect(document.querySelector('.toast button')?.textContent).toContain('Undo')
  end()
})
