// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import RichText from '#lib/views/compose/RichText.svelte'
import { SvelteMap } from 'svelte/reactivity'
import { afterEach, expect, test, vi } from 'vitest'

const parts = await vi.hoisted(async () => new (await import('svelte/reactivity')).SvelteMap<string, object>())
// In this test the parts of the window still load.
vi.mock('#lib/views/compose/window-parts.svelte.ts', () => ({
  windowParts: () => parts.get('loaded'),
  loadWindowParts: () => new Promise(() => undefined)
}))

const ends: (() => void)[] = []

afterEach(() => {
  parts.clear()
  ends.splice(0).forEach((end) => end())
})

const rangeAt = (root: Node): Range => {
  const range = document.createRange()
  range.setStart(root.firstChild ?? root, 0)
  return range
}
const editable = (html: string): DocumentFragment => document.createRange().createContextualFragment(html)
const arrive = () => after(() => parts.set('loaded', { editable, rangeAt, takeQuote: () => null }))

async function drawn(html: string): Promise<{ text: HTMLElement | null; onhtml: ReturnType<typeof vi.fn> }> {
  const draft = new SvelteMap([['html', html]])
  const onhtml = vi.fn((now: string) => draft.set('html', now))
  const nothing = (): void => undefined
  const given = {
    get html() {
      return draft.get('html') ?? ''
    },
    ...{ id: 'a', label: 'Message', showQuoted: '', readonly: false, onhtml },
    ...{ urlOf: () => null, onformats: nothing, onpictures: nothing }
  }
  ends.push(await draw(null, RichText, given))
  return { text: document.querySelector<HTMLElement>('.text'), onhtml }
}

test('before the text of a draft is in the editor, nothing is told of what the editor holds', async () => {
  const { text, onhtml } = await drawn('<div>Words</div>')
  expect(text?.contentEditable).toBe('false')
  // As a browser does: in jsdom the property changes no attribute.
  text?.setAttribute('contenteditable', 'false')
  await after(() => undefined)
  expect(onhtml).not.toHaveBeenCalled()
})

test('what is typed before the parts of the window are there stays when they come', async () => {
  const { text } = await drawn('')
  // As a browser does with the first letters.
  await after(() => text?.replaceChildren('Dear Ann'))
  await arrive()
  expect(text?.textContent).toBe('Dear Ann')
})

test('a new message can be written in before they are there', async () => {
  const { text } = await drawn('<div><br></div>')
  expect(text?.contentEditable).toBe('true')
  await after(() => text?.replaceChildren('Dear Ann'))
  await arrive()
  expect(text?.textContent).toBe('Dear Ann')
})

test('what is typed where a text is still to come stands before it then, once', async () => {
  const { text, onhtml } = await drawn('<div>Signature</div>')
  for (const name of ['H', 'o', 'Backspace', 'i', 'Tab'])
    await after(() => text?.dispatchEvent(new KeyboardEvent('keydown', { key: name, cancelable: true })))
  await arrive()
  expect(text?.textContent).toBe('HiSignature')
  expect(onhtml).toHaveBeenCalledExactlyOnceWith('<div>HiSignature</div>')
})
