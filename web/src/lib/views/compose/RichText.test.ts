// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import RichText from '#lib/views/compose/RichText.svelte'
import { afterEach, expect, test, vi } from 'vitest'

// They are on their way.
vi.mock('#lib/views/compose/window-parts.svelte.ts', () => ({
  windowParts: () => undefined,
  loadWindowParts: () => new Promise(() => undefined)
}))

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

test('before the text of a draft is in the editor, nothing is told of what the editor holds', async () => {
  const onhtml = vi.fn()
  const nothing = (): void => undefined
  const view = { id: 'a', html: '<div>Words</div>', label: 'Message', showQuoted: '', readonly: false, onhtml }
  ends.push(await draw(null, RichText, { ...view, urlOf: () => null, onformats: nothing, onpictures: nothing }))
  const text = document.querySelector<HTMLElement>('.text')
  expect(text?.contentEditable).toBe('false')
  // As a browser does: in jsdom the property changes no attribute.
  text?.setAttribute('contenteditable', 'false')
  await after(nothing)
  expect(onhtml).not.toHaveBeenCalled()
})
