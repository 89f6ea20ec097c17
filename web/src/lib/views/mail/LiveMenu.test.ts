// @vitest-environment jsdom
import { draw, pageOf } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import LiveMenu from '#lib/views/mail/LiveMenu.svelte'
import { live as words } from '#lib/words/en/live.ts'
import { expect, test } from 'vitest'

test.each([
  ['live', false],
  ['polled', true],
  ['offline', true]
] as const)('"Try now" is offered where new mail does not arrive by itself: %s, %s', async (live, isOffered) => {
  const end = await draw(await pageOf(new ModelServer()), LiveMenu, { live, why: null, words })
  expect(document.body.textContent.includes('Try now')).toBe(isOffered)
  end()
})
