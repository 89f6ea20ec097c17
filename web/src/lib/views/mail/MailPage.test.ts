// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, expect, test } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
})

async function inbox(server = new ModelServer()): Promise<Drawn> {
  server.deliver({ threadId: 'a', subject: 'Boats' })
  const drawn = await pageOf(server)
  ends.push(await draw(drawn, MailPage, {}))
  return drawn
}

function problem(code: string, status: number): Response {
  return Response.json({ code }, { status })
}

function bars(): string[] {
  const words = [...document.querySelectorAll('.bar > .words')]
  return words.map((found) => (found.parentElement?.textContent ?? '').replaceAll(/\s+/g, ' ').trim())
}

test('who was signed out elsewhere reads so above the list, and may sign in again', async () => {
  const server = new ModelServer()
  server.interrupt = (path) => (path === '/api/live' ? problem('no_session', 401) : null)
  await inbox(server)
  expect(document.body.textContent).toContain('Boats')
  expect(bars()).toEqual(['You were signed out. What you wrote is kept. Sign in'])
  const link = document.querySelector<HTMLAnchorElement>('.bar a')
  expect(link?.getAttribute('href')).toBe('/sign-in?return_to=%2F')
  expect(document.querySelector('.live')?.textContent).toBe('Offline')
})

test('who has to confirm with a second factor is led to it', async () => {
  const drawn = await inbox()
  drawn.server.interrupt = () => problem('session_aal2_required', 403)
  await after(() => drawn.mail.connection.tryNow())
  expect(bars()).toEqual(['Please confirm with your second factor. Confirm'])
  const link = document.querySelector<HTMLAnchorElement>('.bar a')
  expect(link?.getAttribute('href')).toBe('/sign-in?aal=aal2&return_to=%2F')
})

test('each of the two account menus, of the sidebar and of the drawer, opens itself', async () => {
  const { page } = await inbox()
  await after(() => (page.drawer = true))
  const menus = [...document.querySelectorAll('.account')].map((account) => ({
    opens: account.querySelector('[popovertarget]')?.getAttribute('popovertarget'),
    menu: account.querySelector('[popover]')?.id
  }))
  expect(menus).toHaveLength(2)
  expect(new Set(menus.map(({ menu }) => menu)).size).toBe(2)
  for (const { opens, menu } of menus) expect(opens).toBe(menu)
})
