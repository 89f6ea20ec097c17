// @vitest-environment jsdom
import '../../../../tests/device.ts'
import { listed } from '../../../../tests/listed.ts'
import { ReturnFocus } from '#lib/writing/page/return-focus.ts'
import { beforeEach, expect, test } from 'vitest'

beforeEach(() => {
  document.body.innerHTML = `<button id="page"></button><div class="dock"><input id="window"></div>`
})

const at = (id: string): HTMLElement | null => document.getElementById(id)

test('the last window gives the focus back to where the first one got it', () => {
  const { page } = listed(1)
  const focus = new ReturnFocus(page.cursor)
  focus.takenFrom(at('page'))
  focus.takenFrom(at('window'))
  document.querySelector('.dock')?.remove()
  focus.give()
  expect(document.activeElement?.id).toBe('page')
})
