// @vitest-environment jsdom
import { after } from '../../../../tests/drawn.ts'
import { key, shown } from '../../../../tests/shown-window.ts'
import { beforeEach, expect, test, vi } from 'vitest'

const { late, links } = await vi.hoisted(async () => {
  const { SvelteSet } = await import('svelte/reactivity')
  return { late: new SvelteSet<string>(), links: new Array<string>() }
})
vi.mock('#lib/views/compose/window-parts.svelte.ts', async (load) => {
  const real = await load<typeof import('#lib/views/compose/window-parts.svelte.ts')>()
  return { ...real, windowParts: () => (late.has('parts') ? undefined : real.windowParts()) }
})
// Squire needs a browser.
vi.mock('#lib/views/compose/editor.ts', () => ({
  Editor: class {
    html = ''
    get link(): string {
      return ''
    }
    set link(address: string) {
      links.push(address)
    }
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

beforeEach(() => {
  late.clear()
  links.splice(0)
})

/** A window whose text has the focus and gets these keys, the first of them with Ctrl. */
async function pressed(...keys: string[]): Promise<void> {
  await shown({ format: 'rich', html: '<div><br></div>' })
  const text = document.querySelector('.text')
  for (const [at, name] of keys.entries()) await key(text, name, { ctrlKey: at === 0 })
}
const field = () => document.querySelector<HTMLInputElement>('dialog input')

test('the address that is typed right after Ctrl+K goes into its field, not into the text', async () => {
  await pressed('k')
  expect(document.activeElement).toBe(field())
})

test('an address that is typed before the dialog is loaded is in it then', async () => {
  late.add('parts')
  await pressed('k', ...'a.example'.split(''))
  expect(field()).toBeNull()
  await after(() => late.clear())
  expect([field()?.value, links]).toEqual(['a.example', []])
})

test('Enter before the dialog is loaded sets the link', async () => {
  late.add('parts')
  await pressed('k', ...'a.example'.split(''), 'Enter')
  await after(() => late.clear())
  expect([links, document.querySelector<HTMLDialogElement>('dialog[open]')]).toEqual([['https://a.example'], null])
})

test('what is typed behind that Enter goes into the text, if the address is one', async () => {
  const inserted: string[] = []
  Object.assign(document, { execCommand: (_: string, __: boolean, text: string) => inserted.push(text) })
  late.add('parts')
  await pressed('k', ...'a.example'.split(''), 'Enter', 'b', 'y', 'e')
  await after(() => late.clear())
  expect([links, inserted]).toEqual([['https://a.example'], ['bye']])
})

test('Escape before the dialog is loaded gives it up, and leaves the window open', async () => {
  late.add('parts')
  await pressed('k', 'a', 'Escape')
  await after(() => late.clear())
  expect([field(), document.querySelector('.window') !== null]).toEqual([null, true])
})
