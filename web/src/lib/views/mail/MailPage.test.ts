// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import type { SignedOut } from '#lib/accounts/sign-out.ts'
import { voice } from '#lib/ui/voice.svelte.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'
import { failing } from '../../../../tests/scene.ts'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  vi.restoreAllMocks()
  vi.useRealTimers()
  window.dispatchEvent(new Event('online'))
})

async function inbox(server = new ModelServer(), leave?: () => Promise<SignedOut>): Promise<Drawn> {
  server.deliver({ threadId: 'a', subject: 'Boats' })
  const drawn = await pageOf(server, {}, leave)
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
  expect(liveState()).toBe('Signed out')
})

function liveState(): string | undefined {
  return document.querySelector('.state')?.textContent.trim()
}

test.each([
  ['mail_server_away', 'Mail server away'],
  ['unavailable', 'Postroom away'],
  ['mail_server_unusable', 'Not live']
])('the live state tells %s from a device that is offline', async (code, word) => {
  const drawn = await inbox()
  drawn.server.interrupt = () => problem(code, 503)
  await after(() => drawn.mail.connection.tryNow())
  expect(liveState()).toBe(word)
})

test('the live state of a device without a network is offline, though nothing has failed yet', async () => {
  await inbox()
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  await after(() => void window.dispatchEvent(new Event('offline')))
  expect(liveState()).toBe('Offline')
})

test('one cause has one bar and one "Try now", which also asks for the conversation', async () => {
  const drawn = await inbox()
  const { server, page, mail } = drawn
  server.interrupt = () => problem('mail_server_away', 503)
  await after(() => page.show('inbox', 'a'))
  expect(shownBars()).toHaveLength(1)
  await after(() => mail.connection.tryNow())
  expect(bars()).toHaveLength(2)
  expect(shownBars()).toHaveLength(1)
  expect([...document.querySelectorAll('article button')].map((one) => one.textContent)).not.toContain('Try now')
  server.interrupt = () => null
  await after(() => document.querySelector<HTMLElement>('.list .bar button')?.click())
  expect([bars(), mail.reader.conversation?.freshness]).toEqual([[], 'current'])
})

/** Beside the list, which is hidden on a phone. */
function shownBars(): Element[] {
  return [...document.querySelectorAll('.bar > .words')].filter((found) => !found.closest('.told'))
}

test('offline, a folder that was never opened says so, and nobody is told how to move in it', async () => {
  const server = new ModelServer()
  server.deliver({ mailboxIds: { sent: true } })
  const drawn = await inbox(server)
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
  await after(() => {
    window.dispatchEvent(new Event('offline'))
    drawn.page.show('sent', undefined)
  })
  expect(document.querySelector('.rows')?.textContent.trim()).toBe('This folder is not on this device.')
  await vi.waitFor(() => expect(document.querySelector('.reader')?.textContent.trim()).toBe(''))
})

test('until it is known whose mail it is, rows to come are drawn, and then why there are none', async () => {
  const server = new ModelServer()
  let respond: ((response: Response) => void) | undefined
  server.interrupt = (path) => (path === '/jmap/session' ? new Promise((resolve) => (respond = resolve)) : null)
  await inbox(server)
  await vi.waitFor(() => expect(document.querySelector('.list-pane [role=img]')?.ariaLabel).toBe('Loading'))
  await after(() => respond?.(problem('mail_server_away', 503)))
  expect(document.querySelector('.list-pane [role=img]')).toBeNull()
  expect(bars()).toHaveLength(1)
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

test('a list that cannot be brought up to date says of which time it is', async () => {
  const drawn = await inbox()
  expect(document.querySelector('.figures')?.textContent.trim()).toBe('1 · 1 unread')
  drawn.server.interrupt = () => problem('mail_server_away', 503)
  await after(() => drawn.mail.connection.tryNow())
  expect(document.querySelector('.figures')?.textContent.trim()).toMatch(/^as of \d\d:\d\d$/)
})

test('who is offline reads so, and not that Postroom is unavailable', async () => {
  const drawn = await inbox()
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  drawn.server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
  await after(() => {
    window.dispatchEvent(new Event('offline'))
    drawn.mail.connection.tryNow()
  })
  expect(bars()[0]).toMatch(/^You are offline. You can read what is on this device./)
  expect(document.querySelector('.bar.warn')).not.toBeNull()
})

function press(name: string): Promise<void> {
  const found = [...document.querySelectorAll('button')].find((button) => button.textContent.trim() === name)
  if (!found) throw new Error(`there is no button ${name}`)
  return after(() => found.click())
}

test('the keyboard may skip the mailboxes: to the list, and to the message if one is open', async () => {
  const { page } = await inbox()
  const names = () => [...document.querySelectorAll('.skip button')].map((button) => button.textContent)
  expect(names()).toEqual(['Skip to the conversations'])
  await press('Skip to the conversations')
  expect(document.activeElement?.getAttribute('role')).toBe('gridcell')
  await after(() => page.show('inbox', 'a'))
  await press('Skip to the message')
  expect(document.activeElement?.textContent).toBe('Boats')
})

test('a mailbox that is gone leads to the inbox, and says so', async () => {
  const { page, went } = await inbox()
  await after(() => page.show('nowhere', undefined))
  expect(went).toEqual(['/mail/inbox'])
  expect(page.notices.shown?.text).toBe('This folder does not exist any more.')
})

test('below the rows of this device a list says when there is more', async () => {
  const server = new ModelServer()
  for (let number = 0; number < 60; number += 1) server.deliver()
  const drawn = await inbox(server)
  server.interrupt = () => problem('mail_server_away', 503)
  await after(() => drawn.mail.connection.tryNow())
  const box = document.querySelector('[role="grid"]')
  await after(() => {
    if (box) box.scrollTop = 50 * 44
    box?.dispatchEvent(new Event('scroll'))
  })
  const blank = [...document.querySelectorAll('.blank')].map((row) => row.textContent.trim())
  expect(blank).toEqual(['More when you are back', ...Array<string>(blank.length - 1).fill('')])
})

test('the live state tells since when, and "Connecting" only if it takes long', async () => {
  const server = new ModelServer()
  server.interrupt = (path) => (path === '/api/live' ? new Promise(() => undefined) : null)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const drawn = await inbox(server)
  await after(() => vi.advanceTimersByTime(1_999))
  expect(document.querySelector('.foot')?.textContent).not.toContain('Connecting')
  await after(() => vi.advanceTimersByTime(1))
  expect(document.querySelector('.foot')?.textContent).toContain('Connecting…')
  expect(drawn.mail.connection.live).toBe('connecting')
})

test('who cannot see the list is told of new mail: how much, and from whom', async () => {
  const say = vi.spyOn(voice, 'say')
  const drawn = await inbox()
  await vi.waitFor(() => expect(document.querySelector('section[aria-label="Notices"]')).not.toBeNull())
  drawn.server.deliver({ from: [{ name: 'Deniz Kaya', email: 'deniz@example.net' }] })
  drawn.server.deliver({ from: [{ name: 'Stadtwerke Birkenau', email: 'post@example.net' }] })
  await after(() => drawn.mail.connection.tryNow())
  expect(say).toHaveBeenCalledWith('2 new in Inbox: Stadtwerke Birkenau, Deniz Kaya')
})

test('who cannot see the list is told no name that could not be confirmed', async () => {
  const say = vi.spyOn(voice, 'say')
  const drawn = await inbox()
  await vi.waitFor(() => expect(document.querySelector('section[aria-label="Notices"]')).not.toBeNull())
  const spoofed = [{ name: 'service@bank.example', email: 'mallory@evil.example' }]
  drawn.server.deliver({ from: spoofed })
  await after(() => drawn.mail.connection.tryNow())
  expect(say).toHaveBeenCalledWith('1 new conversation in Inbox')
  drawn.server.deliver({ from: spoofed })
  drawn.server.deliver({ from: [{ name: 'Deniz Kaya', email: 'deniz@example.net' }] })
  await after(() => drawn.mail.connection.tryNow())
  expect(say).toHaveBeenCalledWith('2 new in Inbox: Deniz Kaya')
})

test.each(['inbox', 'sent'])('what the person sent, in another tab, is not told as new mail in %s', async (mailbox) => {
  const say = vi.spyOn(voice, 'say')
  const drawn = await inbox()
  await vi.waitFor(() => expect(document.querySelector('section[aria-label="Notices"]')).not.toBeNull())
  await after(() => drawn.page.show(mailbox, undefined))
  const from = [{ name: 'Me', email: 'me@example.org' }]
  // To oneself: the conversation is unread.
  for (const [to, keywords] of [
    ['sent', { $seen: true }],
    ['inbox', {}]
  ] as const)
    drawn.server.deliver({ from, to: from, keywords, threadId: 't9', mailboxIds: { [to]: true } })
  await after(() => drawn.mail.connection.tryNow())
  expect(drawn.mail.list?.row(0)?.news).toBe(0)
  expect(say.mock.calls.flat().filter((part: string) => part.includes('new '))).toEqual([])
})

test('what the person undoes is not told as new mail', async () => {
  const say = vi.spyOn(voice, 'say')
  const { mail } = await inbox()
  await vi.waitFor(() => expect(document.querySelector('section[aria-label="Notices"]')).not.toBeNull())
  let applied: ReturnType<typeof mail.actions.run> = null
  await after(() => (applied = mail.actions.run({ kind: 'delete' }, ['a'])))
  expect(mail.list?.total).toBe(0)
  await after(() => applied?.undo())
  expect(mail.list?.total).toBe(1)
  expect(say.mock.calls.flat().filter((part: string) => part.includes('new in'))).toEqual([])
})

test('the code and the number for support are behind "Details"', async () => {
  const drawn = await inbox()
  const headers = { 'X-Request-Id': '7f3a' }
  drawn.server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503, headers })
  await after(() => drawn.mail.connection.tryNow())
  const details = document.querySelector('details')
  expect([details?.open, details?.textContent.replaceAll(/\s+/g, ' ').trim()]).toEqual([
    false,
    'Details mail_server_away · Number for support: 7f3a'
  ])
})

/** What the menu of the live state says. */
async function liveMenu(): Promise<string> {
  const menu = document.querySelector('.foot [popover]')
  menu?.dispatchEvent(Object.assign(new Event('toggle'), { newState: 'open' }))
  await vi.waitFor(() => expect(menu?.querySelector('button')).toBeTruthy())
  return menu?.textContent ?? ''
}

test('the menu of the live state tells why it is not live', async () => {
  const server = new ModelServer()
  server.interrupt = (path) => (path === '/api/live' ? problem('too_many_streams', 429) : null)
  await inbox(server)
  await after(() => undefined)
  expect(await liveMenu()).toContain('Many windows are open')
})

test('the menu of the live state tells how many changes wait, and how to be told of new mail', async () => {
  const { server, mail, page } = await inbox()
  server.interrupt = () => problem('mail_server_away', 503)
  await after(() => page.show('inbox', 'a'))
  await after(() => mail.connection.tryNow())
  const said = await liveMenu()
  expect(said).toContain('1 change waits for the connection')
  // jsdom has no notifications.
  expect(said).toContain('This browser cannot show notifications from this page.')
})

test.each([
  ['the mark', (server: ModelServer) => void (server.refusing = 'overQuota'), 'Your mailbox is full.'],
  [
    'the call',
    (server: ModelServer) => void (server.interrupt = failing('Email/set', server, 'forbidden')),
    'This did not work.'
  ]
])('if the mail server refuses %s, all looks as before, and the person learns why', async (_, refuse, why) => {
  const { server, page, mail, world } = await inbox()
  refuse(server)
  await after(() => page.show('inbox', 'a'))
  expect(mail.list?.row(0)?.unread).toBe(false)
  await world.pass(100)
  await after(() => undefined)
  expect([mail.list?.row(0)?.unread, mail.list?.unread]).toEqual([true, 1])
  expect(document.querySelector('.toast')?.textContent).toContain(`This was not done. ${why}`)
  server.refusing = null
  server.interrupt = () => null
  await press('Try again')
  await world.pass(2_000)
  expect(mail.list?.row(0)?.unread).toBe(false)
  expect(page.notices.shown).toBeNull()
})

test('a mark that is refused again is told again', async () => {
  const { server, page, world } = await inbox()
  server.refusing = 'forbidden'
  await after(() => page.show('inbox', 'a'))
  await world.pass(100)
  await after(() => undefined)
  await press('Try again')
  expect(page.notices.shown).toBeNull()
  await world.pass(2_000)
  await after(() => undefined)
  expect(page.notices.shown?.again).not.toBeNull()
})

function key(name: string, more: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement ?? document.body
  return after(() => target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, ...more })))
}

function focused(): string {
  const element = document.activeElement
  return `${element?.getAttribute('role') ?? element?.tagName ?? ''} ${element?.textContent.trim() ?? ''}`
}

test('the keys of the list move there while the focus is nowhere, or at the heading', async () => {
  const server = new ModelServer()
  server.deliver({ subject: 'Older' })
  await inbox(server)
  expect(document.activeElement).toBe(document.body)
  await key('ArrowDown')
  expect(focused()).toMatch(/^gridcell .*Boats/)
  document.querySelector('h1')?.focus()
  await key('End')
  expect(focused()).toMatch(/^gridcell .*Older/)
})

test('F6 goes from pane to pane, and Shift+F6 back; an empty pane is left out', async () => {
  const { page } = await inbox()
  await key('F6')
  expect(focused()).toMatch(/^gridcell .*Boats/)
  await key('F6')
  expect(focused()).toMatch(/^treeitem Inbox/)
  await after(() => page.show('inbox', 'a'))
  await key('F6', { shiftKey: true })
  expect(focused()).toBe('H2 Boats')
  await key('F6')
  expect(focused()).toMatch(/^treeitem Inbox/)
})

test('who leaves the reader is in the list again, at the conversation', async () => {
  const { page } = await inbox()
  await after(() => page.show('inbox', 'a'))
  await key('F6', { shiftKey: true })
  expect(focused()).toBe('H2 Boats')
  await key('u')
  expect(focused()).toMatch(/^gridcell .*Boats/)
})

test('the menu signs out at once; if the session may still live, it says so and tries again', async () => {
  const leave = vi.fn<() => Promise<SignedOut>>(() => Promise.resolve('failed'))
  const { page } = await inbox(new ModelServer(), leave)
  await press('Sign out')
  expect(leave).toHaveBeenCalledOnce()
  expect(page.notices.shown?.text).toBe('You may still be signed in. Try again.')
  leave.mockResolvedValue('left')
  await press('Try again')
  expect(leave).toHaveBeenCalledTimes(2)
  expect(page.notices.shown).toBeNull()
})
