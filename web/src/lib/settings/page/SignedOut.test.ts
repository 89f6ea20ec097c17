// @vitest-environment jsdom
import { after, draw, pageOf } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import SignedOut from '#lib/settings/page/SignedOut.svelte'
import { settings as words } from '#lib/words/en/settings.ts'
import { expect, test } from 'vitest'

test('who is signed out over the settings signs in beside them, where what was typed stays', async () => {
  const server = new ModelServer()
  const drawn = await pageOf(server)
  const end = await draw(drawn, SignedOut, { words })
  const link = (): HTMLAnchorElement | null => document.querySelector('a')
  expect(link()).toBeNull()
  server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
  await after(() => drawn.page.mail.connection.tryNow())
  expect(document.querySelector('[role=alert]')?.textContent).toContain('You were signed out.')
  expect([link()?.target, link()?.getAttribute('href')]).toEqual(['_blank', '/sign-in?return_to=%2Fmail%2Fsettings'])
  server.interrupt = () => null
  await after(() => drawn.page.mail.connection.tryNow())
  expect(link()).toBeNull()
  end()
})
