// @vitest-environment jsdom
/** Keys that are pressed before what they are meant for is there. */
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import { settled } from '../../../../tests/world.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { flushSync } from 'svelte'
import { afterEach, expect, test, vi } from 'vitest'

/** The part of the page that has dialogs, menus and bars comes once it may. */
const network = vi.hoisted(() => ({ waiting: [] as (() => void)[] }))
vi.mock('#lib/ui/late-part.ts', () => ({
  latePart: async <T>(load: () => Promise<T>): Promise<T> => {
    await new Promise<void>((resolve) => network.waiting.push(resolve))
    return load()
  }
}))
/** The page asks for it in a frame after the list is painted, which may be later than all turns of the event loop. */
async function arrives(): Promise<void> {
  await vi.waitFor(() => expect(network.waiting).not.toEqual([]))
  await after(() => network.waiting.splice(0).forEach((load) => load()))
}
// jsdom has no `execCommand`.
const typed = vi.fn()
Object.assign(document, { execCommand: typed })

const ends: (() => void)[] = []

afterEach(() => {
  typed.mockClear()
  network.waiting = []
  ends.splice(0).forEach((end) => end())
})

async function act(work: () => void): Promise<void> {
  work()
  flushSync()
  await settled()
  flushSync()
}

async function inbox(): Promise<Drawn> {
  const server = new ModelServer()
  for (let number = 1; number <= 3; number += 1) server.deliver({ threadId: `t${number}` })
  const drawn = await pageOf(server)
  ends.push(await draw(drawn, MailPage, {}))
  return drawn
}

const press = (...names: string[]): Promise<void> =>
  act(() => {
    for (const key of names) {
      const target = document.activeElement ?? document.body
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
    }
  })
const dialog = () => document.querySelector('dialog[open]:not(.drawer)')

test('what is typed is in the field of the dialog, up to Enter, and acts on nothing behind it', async () => {
  const { page, mail } = await inbox()
  const writing = vi.spyOn(page.writing, 'start')
  await press('ArrowDown', 'l')
  await press('Escape', 'j')
  expect(page.triage.dialog).toBeNull()
  const { current } = page.cursor
  await press('v', 'r', 'e', 'c', 'Enter', 'j')
  expect([mail.list?.total, page.cursor.current, dialog()]).toEqual([3, current, null])
  expect(writing).not.toHaveBeenCalled()
  await arrives()
  await vi.waitFor(() => expect(dialog()?.getAttribute('aria-label')).toBe('Move 1 conversation to'))
  expect(typed).toHaveBeenCalledExactlyOnceWith('insertText', false, 'rec')
  await act(() => (dialog() as HTMLDialogElement).close())
  await press('j')
  expect(page.cursor.current).not.toBe(current)
})

test('so it is with a name that is typed for a new folder; Escape gives that up', async () => {
  const { page, mail } = await inbox()
  const writing = vi.spyOn(page.writing, 'start')
  await press('ArrowDown')
  const button = document.querySelector<HTMLElement>('button[aria-label="New folder"]')
  button?.focus()
  await act(() => button?.click())
  await press('x', 'Escape')
  await act(() => button?.click())
  await press('e', '#', 'c')
  expect([mail.list?.total, dialog()]).toEqual([3, null])
  expect(writing).not.toHaveBeenCalled()
  await arrives()
  await vi.waitFor(() => expect(typed).toHaveBeenCalledExactlyOnceWith('insertText', false, 'e#c'))
  expect(document.querySelectorAll('dialog[open] input:not([type])')).toHaveLength(1)
})

test('who selects a conversation keeps the header of the list until the bar is there: rows stay in their place', async () => {
  await inbox()
  const headers = () => [...document.querySelectorAll('.list header')].map(({ textContent }) => textContent.trim())
  const [before] = headers()
  await press('ArrowDown', 'x')
  expect(headers()).toEqual([before])
  await arrives()
  await vi.waitFor(() => expect(headers()).toEqual([expect.stringContaining('1 selected')]))
})
