// @vitest-environment jsdom
/** Keys that are pressed before the menu of a message is there. */
import { draw, pageOf } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import { settled } from '../../../../tests/world.ts'
import { keepKey } from '#lib/views/mail/keys.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import { flushSync } from 'svelte'
import { expect, test, vi } from 'vitest'

const menu = vi.hoisted(() => {
  const made = { come: (): void => undefined, came: Promise.resolve() }
  made.came = new Promise((resolve) => (made.come = resolve))
  return made
})
vi.mock('#lib/views/reader/MessageMenu.svelte', async (load) => {
  await menu.came
  return load()
})

async function act(work: () => void): Promise<void> {
  work()
  flushSync()
  await settled()
  flushSync()
}

test('a key acts on nothing behind the menu, which Escape gives up; once it is there, it has the keys', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  const drawn = await pageOf(server)
  await act(() => drawn.page.show('inbox', 'a'))
  const end = await draw(drawn, Reader, { now: new Date(drawn.world.time) })
  const button = () => document.querySelector<HTMLElement>('article button[aria-label="More"]')
  const kept = (key: string): boolean => {
    const event = new KeyboardEvent('keydown', { key, cancelable: true })
    button()?.dispatchEvent(event)
    keepKey(event, drawn.page)
    return event.defaultPrevented
  }
  await act(() => button()?.click())
  expect([kept('e'), kept('Escape'), kept('e')]).toEqual([true, true, false])
  await act(() => flushSync())
  expect(button()?.ariaExpanded).toBe('false')
  await act(() => button()?.click())
  menu.come()
  await vi.waitFor(() => expect(document.querySelectorAll('[role="menu"]')).toHaveLength(1))
  expect(kept('e')).toBe(false)
  end()
})
