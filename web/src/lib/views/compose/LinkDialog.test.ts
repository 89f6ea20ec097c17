// @vitest-environment jsdom
import { shown } from '../../../../tests/shown-window.ts'
import { flushSync } from 'svelte'
import { expect, test, vi } from 'vitest'

// Squire needs a browser.
vi.mock('#lib/views/compose/editor.ts', () => ({
  Editor: class {
    link = ''
    html = ''
    readonly #root: HTMLElement
    constructor(root: HTMLElement) {
      this.#root = root
    }
    addEventListener(): void {}
    setHTML(): void {}
    destroy(): void {}
    getRoot(): HTMLElement {
      return this.#root
    }
    getSelection(): Range {
      return document.createRange()
    }
  }
}))

test('the address that is typed right after Ctrl+K goes into its field, not into the text', async () => {
  await shown({ format: 'rich' })
  const text = document.querySelector('.text')
  text?.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true, cancelable: true }))
  flushSync()
  expect(document.activeElement).toBe(document.querySelector('dialog input'))
})
