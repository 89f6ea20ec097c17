// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import { editable as cleaned } from '#lib/views/compose/editable.ts'
import RichText from '#lib/views/compose/RichText.svelte'
import { tick } from 'svelte'
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

async function drawn(html: string, id = 'a', readonly = false): Promise<Drawn> {
  const draft = new SvelteMap([['html', html]])
  const onhtml = vi.fn((now: string) => draft.set('html', now))
  const nothing = (): void => undefined
  const given = {
    get html() {
      return draft.get('html') ?? ''
    },
    ...{ id, label: 'Message', showQuoted: '', readonly, onhtml },
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

/** As a browser does. `clipboardData` is read at once: later it is empty. */
function paste(texts: Readonly<Record<string, string>>): Event {
  const items = Object.entries(texts).map(([type, text]) => ({
    type,
    getAsString: (take: (text: string) => void) => setTimeout(() => take(text))
  }))
  const clipboardData = { items, types: Object.keys(texts), files: [], getData: (type: string) => texts[type] ?? '' }
  return Object.assign(new Event('paste', { bubbles: true, cancelable: true }), { clipboardData })
}

/** The keys go where they go in a browser. */
async function press(text: HTMLElement | null, keys: readonly string[]): Promise<void> {
  for (const key of keys)
    await after(() => {
      const isTaken = !text?.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }))
      if (isTaken || text?.contentEditable !== 'true') return
      text.append(key)
      getSelection()?.collapse(text, text.childNodes.length)
    })
}

test.each(['', '<div>Signature</div>'])(
  'what is pasted and typed before the parts are there comes in that order (draft: %s)',
  async (html) => {
    const { text, onhtml } = await drawn(html, `pasted ${html}`)
    text?.focus()
    await press(text, ['A'])
    await after(() => text?.dispatchEvent(paste({ 'text/html': '<b>B</b>', 'text/plain': 'B' })))
    await press(text, ['C'])
    await after(() => text?.dispatchEvent(paste({ 'text/plain': 'D' })))
    await press(text, ['E'])
    await arrive()
    expect(text?.textContent.replaceAll('\u200b', '')).toBe(html === '' ? 'ABCDE' : 'ABCDESignature')
    expect(onhtml.mock.lastCall?.[0]).toContain('E')
  }
)

test('who sends right after pasting sends what was pasted', async () => {
  const { text, onhtml } = await drawn('', 'sent')
  await after(() => text?.dispatchEvent(paste({ 'text/html': '<p>Ten per cent less</p>' })))
  const sent: unknown[] = []
  // As the window waits for the parts.
  void new Promise((resolve) => coming.push(resolve)).then(tick).then(() => sent.push(onhtml.mock.lastCall?.[0]))
  await arrive()
  expect(sent).toEqual([expect.stringContaining('Ten per cent less')])
})

/** The person drags "two" to the beginning of these words. */
async function drop(text: HTMLElement | null, words: Node | null | undefined): Promise<Event> {
  Object.assign(document, { caretPositionFromPoint: () => ({ offsetNode: words, offset: 0 }) })
  ends.push(() => Reflect.deleteProperty(document, 'caretPositionFromPoint'))
  const dataTransfer = { types: ['text/html'], dropEffect: 'move', getData: () => 'two' }
  const event = Object.assign(new Event('drop', { bubbles: true, cancelable: true }), { dataTransfer })
  await after(() => text?.dispatchEvent(new Event('dragstart')))
  await after(() => text?.dispatchEvent(event))
  return event
}

test.each([false, true])(
  'a text that is locked takes nothing that is pasted, typed or dragged, and loses nothing (parts there first: %s)',
  async (first) => {
    if (first) await arrive()
    const { text, onhtml } = await drawn('<div>Words</div>', 'locked', true)
    text?.focus()
    await after(() => text?.dispatchEvent(paste({ 'text/plain': 'More' })))
    await arrive()
    const lines = text?.innerHTML
    await after(() => getSelection()?.selectAllChildren(text?.firstChild as Node))
    for (const key of ['x', 'Backspace', 'Enter']) await press(text, [key])
    const clipboardData = { setData: () => undefined }
    await after(() => text?.dispatchEvent(Object.assign(new Event('cut', { cancelable: true }), { clipboardData })))
    getSelection()?.collapse(text)
    await drop(text, text?.firstChild?.firstChild)
    await new Promise((resolve) => setTimeout(resolve))
    expect([text?.textContent, text?.innerHTML]).toEqual(['Words', lines])
    expect(onhtml).not.toHaveBeenCalled()
  }
)

test('words that are dragged to another place before the parts are there stay where they are', async () => {
  const { text } = await drawn('', 'dragged')
  text?.focus()
  await after(() => text?.replaceChildren(editable('<div>One two</div>')))
  const words = text?.firstChild?.firstChild as Text
  getSelection()?.setBaseAndExtent(words, 4, words, 7)
  expect([(await drop(text, words)).defaultPrevented, text?.textContent]).toEqual([true, 'One two'])
})
