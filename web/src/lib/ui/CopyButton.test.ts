// @vitest-environment jsdom
import { after, draw } from '../../../tests/drawn.ts'
import CopyButton from '#lib/ui/CopyButton.svelte'
import { afterEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  vi.unstubAllGlobals()
})

/** What is on screen once the button was pressed, where a clipboard does this; undefined: there is none. */
async function pressed(clipboard: Pick<Clipboard, 'writeText'> | undefined): Promise<(string | undefined)[]> {
  vi.stubGlobal('navigator', { clipboard })
  ends.push(await draw(null, CopyButton, { text: '1234', label: 'Copy', copied: 'Copied', failed: 'Note it: 1234' }))
  await after(() => document.querySelector('button')?.click())
  const [button, alert] = ['button', '[role="alert"]'].map((found) => document.querySelector(found)?.textContent.trim())
  return [button, alert]
}

test('what was copied is said to be', async () => {
  const writeText = vi.fn(() => Promise.resolve())
  expect(await pressed({ writeText })).toEqual(['Copied', ''])
  expect(writeText).toHaveBeenCalledWith('1234')
})

test('a page without TLS has no clipboard, and says so', async () => {
  expect(await pressed(undefined)).toEqual(['Copy', 'Note it: 1234'])
})

test('a browser that forbids it makes no difference', async () => {
  const writeText = () => Promise.reject(new DOMException('not now', 'NotAllowedError'))
  expect(await pressed({ writeText })).toEqual(['Copy', 'Note it: 1234'])
})
