// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import RichText from '#lib/writing/page/RichText.svelte'
import { SvelteMap } from 'svelte/reactivity'
import { afterEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
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

test.each([
  ['<div>One<br><br></div><div>two</div>', '<div>One</div><div><br></div><div>two</div>'],
  ['<div>Look:<br><img data-cid="a"></div>', '<div>Look:</div><div><img data-cid="a"></div>'],
  ['<div>One<br>two<br></div>', '<div>One</div><div>two</div>']
])('each line of %s is there when it is opened again', async (html, lines) => {
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

test('a text that is locked takes nothing that is pasted, typed or dragged, and loses nothing', async () => {
  const { text, onhtml } = await drawn('<div>Words</div>', 'locked', true)
  text?.focus()
  await after(() => text?.dispatchEvent(paste({ 'text/plain': 'More' })))
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
})
