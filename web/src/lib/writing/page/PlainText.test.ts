// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import PlainText from '#lib/writing/page/PlainText.svelte'
import { SvelteMap } from 'svelte/reactivity'
import { afterEach, expect, test } from 'vitest'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

const QUOTED = 'One\n\n-- \nAnn\n\nBob wrote:\n> Hi'

/** A message of this text, with the cursor in its second place. */
async function drawn(text: string): Promise<{ area: HTMLTextAreaElement; change: (now: string) => Promise<void> }> {
  const draft = new SvelteMap([['text', text]])
  const given = {
    get text() {
      return draft.get('text') ?? ''
    },
    ...{ id: text, label: 'Message', showQuoted: 'Show', readonly: false },
    ontext: (now: string) => draft.set('text', now)
  }
  ends.push(await draw(null, PlainText, given))
  const area = document.querySelector('textarea') as HTMLTextAreaElement
  area.focus()
  area.setSelectionRange(2, 2)
  return { area, change: (now) => after(() => draft.set('text', now)) }
}

test('the cursor stays where it was when another text is put in, as with another signature', async () => {
  const { area, change } = await drawn(QUOTED)
  await change(QUOTED.replace('Ann', 'Ann Example'))
  expect([area.value, area.selectionStart, area.selectionEnd]).toEqual(['One\n\n-- \nAnn Example\n', 2, 2])
})

test('whoever unfolds the quote goes on where the cursor was, not below the quote', async () => {
  const { area } = await drawn(QUOTED)
  await after(() => document.querySelector<HTMLElement>('button')?.click())
  expect([area.value, area.selectionStart, area.selectionEnd]).toEqual([QUOTED, 2, 2])
})

test.each([
  ['below the signature', '\n\n-- \nAnn', 9, 0],
  ['below the signature of a text that is written', 'Hi\n\n-- \nAnn', 11, 11]
])('the first press %s leads there only if something is written above it', async (_, text, at, leads) => {
  const { area } = await drawn(text)
  area.blur()
  area.dispatchEvent(new Event('pointerdown'))
  area.focus()
  area.setSelectionRange(at, at)
  area.click()
  expect(area.selectionStart).toBe(leads)
})

test('a second press into the signature changes it', async () => {
  const { area } = await drawn('\n\n-- \nAnn')
  area.dispatchEvent(new Event('pointerdown'))
  area.setSelectionRange(7, 7)
  area.click()
  expect(area.selectionStart).toBe(7)
})

test('what the first press selects by dragging stays selected', async () => {
  const { area } = await drawn('\n\n-- \nAnn')
  area.blur()
  area.dispatchEvent(new Event('pointerdown'))
  area.focus()
  area.setSelectionRange(5, 8)
  area.click()
  expect([area.selectionStart, area.selectionEnd]).toEqual([5, 8])
})
