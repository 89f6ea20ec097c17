// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import RichText from '#lib/views/compose/RichText.svelte'
import { SvelteMap } from 'svelte/reactivity'
import { afterEach, expect, test, vi } from 'vitest'

const parts = await vi.hoisted(async () => new (await import('svelte/reactivity')).SvelteMap<string, object>())
// They are on their way.
vi.mock('#lib/views/compose/window-parts.svelte.ts', () => ({
  windowParts: () => parts.get('loaded'),
  loadWindowParts: () => new Promise(() => undefined)
}))

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

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
  await after(() => parts.set('loaded', { editable: () => document.createDocumentFragment(), takeQuote: () => null }))
  expect(text?.textContent).toBe('Dear Ann')
})
