// @vitest-environment jsdom
import { key, shown } from '../../../../tests/shown-window.ts'
import { expect, test, vi } from 'vitest'

// Squire needs a browser.
vi.mock('#lib/writing/page/editor.ts', () => ({
  Editor: class {
    html = ''
    link = ''
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
  await shown({ format: 'rich', html: '<div><br></div>' })
  await key(document.querySelector('.text'), 'k', { ctrlKey: true })
  expect(document.activeElement).toBe(document.querySelector('dialog input'))
})
