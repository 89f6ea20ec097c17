// @vitest-environment jsdom
import { after, draw, pageOf } from '../../../../../tests/drawn.ts'
import { ModelServer } from '../../../../../tests/model-server.ts'
import Section from '#lib/settings/page/filters/Section.svelte'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => vi.restoreAllMocks())

test('offline it is said when the filters appear, and they do by themselves once the network is back', async () => {
  const server = new ModelServer()
  server.interrupt = () => Promise.reject(new TypeError('no network'))
  const network = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  const drawn = await pageOf(server)
  const end = await draw(drawn, Section, {})
  await vi.waitFor(() => expect(document.body.textContent).toContain('Your filters appear once you are back online.'))
  expect(document.querySelectorAll('button')).toHaveLength(0)
  server.interrupt = () => null
  network.mockReturnValue(true)
  await after(() => window.dispatchEvent(new Event('online')))
  await drawn.world.pass(60_000)
  await vi.waitFor(() => expect(document.body.textContent).toContain('Your mail server has no filters.'))
  end()
})
