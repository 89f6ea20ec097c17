// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import { editable as cleaned } from '#lib/views/compose/editable.ts'
import RichText from '#lib/views/compose/RichText.svelte'
import { SvelteMap } from 'svelte/reactivity'
import { afterEach, expect, test, vi } from 'vitest'

const { parts, coming } = await vi.hoisted(async () => {
  const { SvelteMap: Map } = await import('svelte/reactivity')
  return { parts: new Map<string, object>(), coming: new Array<(value?: unknown) => void>() }
})
// In this test the parts of the window still load.
vi.mock('#lib/views/compose/window-parts.svelte.ts', () => ({
  windowParts: () => parts.get('loaded'),
  loadWindowParts: () => new Promise((resolve) => coming.push(resolve))
}))

const ends: (() => void)[] = []

afterEach(() => {
  parts.clear()
  vi.unstubAllGlobals()
  ends.splice(0).forEach((end) => end())
})

const editable = (html: string): DocumentFragment => document.createRange().createContextualFragment(html)
const arrive = () =>
  after(() => {
    parts.set('loaded', { editable, takeQuote: () => null, takeColours: () => undefined })
    coming.splice(0).forEach((resolve) => resolve())
  })

interface Drawn {
  text: HTMLElement | null
  onhtml: ReturnType<typeof vi.fn>
  /** another tab changes the text */
  change: (html: string) => Promise<void>
}

async function drawn(html: string, id = 'a'): Promise<Drawn> {
  const draft = new SvelteMap([['html', html]])
  const onhtml = vi.fn((now: string) => draft.set('html', now))
  const nothing = (): void => undefined
  const given = {
    get html() {
      return draft.get('html') ?? ''
    },
    ...{ id, label: 'Message', showQuoted: '', readonly: false, onhtml },
    ...{ urlOf: () => null, onformats: nothing, onpictures: nothing }
  }
  ends.push(await draw(null, RichText, given))
  const change = (now: string): Promise<void> => after(() => draft.set('html', now))
  return { text: document.querySelector<HTMLElement>('.text'), onhtml, change }
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

test.each([
  ['<div>One<br><br></div><div>two</div>', '<div>One</div><div><br></div><div>two</div>'],
  ['<div>Look:<br><img data-cid="a"></div>', '<div>Look:</div><div><img data-cid="a"></div>'],
  ['<div>One<br>two<br></div>', '<div>One</div><div>two</div>']
])('each line of %s is there when it is opened again', async (html, lines) => {
  await after(() => parts.set('loaded', { editable: cleaned, takeQuote: () => null }))
  const { text } = await drawn(html, html)
  // Squire makes sure that a cursor has a place behind a picture.
  expect(text?.innerHTML.replace('"><br>', '">')).toBe(lines)
})

const LINES = '<div>One</div><div>two</div>'

/** The person presses a key that moves the cursor. */
function moveTo(line: Node | null | undefined, offset: number): Promise<void> {
  return after(() => {
    getSelection()?.collapse(line?.firstChild ?? null, offset)
    document.dispatchEvent(new Event('selectionchange'))
  })
}

function cursor(): [string | null | undefined, number | undefined] {
  const { anchorNode, anchorOffset } = getSelection() ?? {}
  return [anchorNode?.textContent, anchorOffset]
}

test('the cursor stays where it was when another text is put in', async () => {
  await arrive()
  const { text, change } = await drawn(LINES, 'changed')
  text?.focus()
  await moveTo(text?.lastChild, 2)
  await change('<div>One</div><div>two</div><div>three</div>')
  expect([text?.textContent, cursor()]).toEqual(['Onetwothree', ['two', 2]])
})

test.each([
  ['also if no event says that it left', true],
  ['also if it was elsewhere since', false]
])('a text that is opened again has its cursor where it was: %s', async (_, hasFocus) => {
  await arrive()
  const { text } = await drawn(LINES, String(hasFocus))
  text?.focus()
  await moveTo(text?.lastChild, 2)
  if (!hasFocus) text?.blur()
  await after(() => ends.pop()?.())
  getSelection()?.removeAllRanges()
  const again = await drawn(LINES, String(hasFocus))
  again.text?.focus()
  expect(cursor()).toEqual(['two', 2])
})

test('a message that is sent before the parts are there has its cursor where it was when the person takes it back', async () => {
  const { text } = await drawn('', 'early')
  text?.focus()
  await after(() => text?.replaceChildren(editable(LINES)))
  await moveTo(text?.lastChild, 2)
  await after(() => ends.pop()?.())
  getSelection()?.removeAllRanges()
  await arrive()
  const again = await drawn(LINES, 'early')
  again.text?.focus()
  expect(cursor()).toEqual(['two', 2])
})

/** jsdom has neither. */
class Clipboard {
  readonly #texts = new Map<string, string>()
  readonly files: File[] = []
  readonly items = { add: (file: File) => this.files.push(file) }
  getData = (type: string): string => this.#texts.get(type) ?? ''
  setData = (type: string, text: string): void => void this.#texts.set(type, text)
}
class Paste extends Event {
  readonly clipboardData: Clipboard
  constructor(type: string, { clipboardData, ...init }: EventInit & { clipboardData: Clipboard }) {
    super(type, init)
    this.clipboardData = clipboardData
  }
}

test('what is pasted before the parts are there is pasted when they come, its files too', async () => {
  vi.stubGlobal('DataTransfer', Clipboard).stubGlobal('ClipboardEvent', Paste)
  const { text } = await drawn('', 'pasted')
  const clipboardData = new Clipboard()
  clipboardData.setData('text/html', '<p>Ten per cent less</p>')
  clipboardData.files.push(new File(['x'], 'stacks.png', { type: 'image/png' }))
  const pasted: [boolean, string, string, string[]][] = []
  const listening = new AbortController()
  const hear = (event: ClipboardEvent): void => {
    const data = event.clipboardData as unknown as Clipboard
    pasted.push([
      parts.has('loaded'),
      data.getData('text/html'),
      data.getData('text/plain'),
      data.files.map((f) => f.name)
    ])
  }
  document.addEventListener('paste', hear, listening)
  ends.push(() => listening.abort())
  const first = new Paste('paste', { clipboardData, bubbles: true, cancelable: true })
  await after(() => text?.dispatchEvent(first))
  await arrive()
  expect(first.defaultPrevented).toBe(true)
  expect(pasted).toEqual([[true, '<p>Ten per cent less</p>', '', ['stacks.png']]])
})
