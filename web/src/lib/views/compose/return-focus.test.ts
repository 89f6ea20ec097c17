// @vitest-environment jsdom
import type { Cursor } from '#lib/state/cursor.svelte.ts'
import { ReturnFocus } from '#lib/views/compose/return-focus.ts'
import { beforeEach, expect, test } from 'vitest'

beforeEach(() => {
  document.body.innerHTML = `<button id="page"></button><button id="other"></button>
    <div class="dock"><input id="window"></div>`
})

const at = (id: string): HTMLElement | null => document.getElementById(id)
const wasNowhere = { goBack: () => false } as Cursor

function taken(): ReturnFocus {
  const focus = new ReturnFocus(wasNowhere)
  focus.takenFrom(at('page'))
  focus.takenFrom(at('window'))
  return focus
}

test('the last window gives the focus back to where the first one got it', () => {
  const focus = taken()
  document.querySelector('.dock')?.remove()
  focus.give()
  expect(document.activeElement?.id).toBe('page')
})

test('who went elsewhere meanwhile stays there', () => {
  const focus = taken()
  at('other')?.focus()
  focus.give()
  expect(document.activeElement?.id).toBe('other')
})
