// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import 'fake-indexeddb/auto'
import Reader from '#lib/views/reader/Reader.svelte'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'
import { opened } from '../../../../tests/scene.ts'

const ends: (() => void)[] = []

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  vi.restoreAllMocks()
  window.dispatchEvent(new Event('online'))
})

/** A conversation of two messages, open; and another one. */
async function reading(tabs: Parameters<typeof pageOf>[1] = {}): Promise<Drawn> {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  server.deliver({ threadId: 'a' })
  server.deliver({ threadId: 'b' })
  const drawn = await pageOf(server, tabs)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  return drawn
}

function box(): HTMLTextAreaElement | null {
  return document.querySelector('textarea')
}

function button(name: string): HTMLButtonElement | undefined {
  return [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === name)
}

async function type(text: string): Promise<void> {
  await after(() => {
    const area = box()
    if (area) area.value = text
    area?.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

async function press(key: string, more: KeyboardEventInit = {}): Promise<void> {
  await after(() => box()?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more })))
}

/** Holds back what is sent until `respond` is called. */
function held({ server }: Drawn): (response: Response | null) => Promise<void> {
  let respond: (response: Response | null) => void = () => undefined
  server.interrupt = (_, body) =>
    body.includes('EmailSubmission/set') ? new Promise((done) => (respond = done)) : null
  return (response) => after(() => respond(response))
}

const REFUSED = () => Response.json({ code: 'mail_server_refused' }, { status: 400 })

test('while a reply is sent its text cannot change, also if the reply is opened anew meanwhile', async () => {
  const drawn = await reading()
  const respond = held(drawn)
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await after(() => button('Send')?.click())
  expect([box()?.readOnly, button('Discard')]).toEqual([true, undefined])
  await after(() => drawn.page.show('inbox', 'b'))
  await after(() => drawn.page.show('inbox', 'a'))
  expect([box()?.value, box()?.readOnly]).toEqual(['Dear Ann', true])
  await respond(null)
  await vi.waitFor(() => expect(drawn.page.notices.shown?.text).toBe('Sent'))
  expect(box()).toBeNull()
})

test('who went on to something else reads that a reply was not sent, and finds it again', async () => {
  const drawn = await reading()
  const respond = held(drawn)
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await press('Enter', { ctrlKey: true })
  await after(() => drawn.page.show('inbox', 'b'))
  await respond(REFUSED())
  expect(drawn.page.notices.shown?.text).toBe('Not sent. Your text is kept. The mail server refused this.')
  await after(() => drawn.page.show('inbox', 'a'))
  expect([box()?.value, box()?.readOnly]).toEqual(['Dear Ann', false])
  expect(document.querySelector('[role="alert"]')?.textContent).toContain('Not sent.')
})

/** What the bar of the reply says, with its link. */
function bar(): string | undefined {
  return document.querySelector('form .bar')?.textContent.replaceAll(/\s+/g, ' ').trim()
}

test('who was signed out while writing reads so once, and may sign in and come back', async () => {
  const drawn = await reading()
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  drawn.server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
  await press('Enter', { ctrlKey: true })
  expect(bar()).toBe('Not sent. You were signed out. What you wrote is kept. Sign in')
  const link = document.querySelector<HTMLAnchorElement>('form .bar a')
  expect(link?.getAttribute('href')).toBe('/sign-in?return_to=%2F')
  expect(drawn.mail.connection.live).toBe('offline')
})

test('a reply that is sent offline says that the person is offline, not that Postroom is unavailable', async () => {
  const drawn = await reading()
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  window.dispatchEvent(new Event('offline'))
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  drawn.server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
  await press('Enter', { ctrlKey: true })
  expect(bar()).toBe('Not sent. Your text is kept. You are offline.')
})

test('a reply that arrives does not close the one that is written meanwhile', async () => {
  const drawn = await reading()
  const respond = held(drawn)
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await press('Enter', { ctrlKey: true })
  await after(() => drawn.page.reply('e2'))
  await type('And another thing')
  await respond(null)
  await vi.waitFor(() => expect(drawn.page.notices.shown?.text).toBe('Sent'))
  expect(box()?.value).toBe('And another thing')
})

test('a discarded draft can be had back', async () => {
  const drawn = await reading()
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await after(() => button('Discard')?.click())
  expect([box(), drawn.mail.sending.draftOf('e1')]).toEqual([null, ''])
  expect(drawn.page.notices.shown?.text).toBe('Draft discarded')
  await after(() => drawn.page.notices.undoLast())
  expect(box()?.value).toBe('Dear Ann')
})

test('a reply that was not finished is on screen when its conversation is opened, without the focus', async () => {
  const drawn = await reading()
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await after(() => drawn.page.show('inbox', 'b'))
  expect(box()).toBeNull()
  await after(() => drawn.page.show('inbox', 'a'))
  expect(box()?.value).toBe('Dear Ann')
  expect(document.activeElement).toBe(document.body)
})

test('Escape closes a reply and keeps it', async () => {
  const drawn = await reading()
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await press('Escape')
  expect(document.activeElement?.tagName).toBe('H2')
  expect([box(), drawn.mail.sending.draftOf('e1')]).toEqual([null, 'Dear Ann'])
  await after(() => drawn.page.reply('e1'))
  expect(box()?.value).toBe('Dear Ann')
})

test('the box says whether this device has the text', async () => {
  const drawn = await reading()
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  expect(document.querySelector('.kept')).toBeNull()
  await drawn.world.pass(300)
  await vi.waitFor(() => expect(document.querySelector('.kept')?.textContent).toBe('Kept on this device'))
})

test('a text that would be lost with the page is called so at once', async () => {
  Object.assign(globalThis, { indexedDB: undefined })
  const drawn = await reading()
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await drawn.world.pass(300)
  await after(() => undefined)
  expect(document.querySelector('.actions [role="alert"]')?.textContent).toBe(
    'Not saved. Copy your text before you leave this page.'
  )
})

test('a reply that only some got stays on screen with what the mail server said', async () => {
  const drawn = await reading()
  drawn.server.deliveryStatus = {
    'a@example.net': { delivered: 'no', smtpReply: '550 who?' },
    'b@example.net': { delivered: 'queued', smtpReply: '250 ok' }
  }
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await after(() => button('Send')?.click())
  expect(box()?.value).toBe('')
  expect(document.querySelector('[role="alert"]')?.textContent).toContain('550 who?')
})

test('a reply that was sent in another tab is not offered any more', async () => {
  const tabs = { channel: (name: string) => new BroadcastChannel(name) }
  const drawn = await reading(tabs)
  const other = await opened(drawn.server, null, tabs)
  ends.push(
    () => drawn.mail.stop(),
    () => other.mail.stop()
  )
  await after(() => drawn.page.reply('e1'))
  await type('Dear Ann')
  await drawn.world.pass(300)
  await vi.waitFor(() => expect(other.mail.sending.draftOf('e1')).toBe('Dear Ann'))
  other.mail.sending.keep('e1', '')
  await other.world.pass(300)
  await vi.waitFor(() => expect(drawn.mail.sending.draftOf('e1')).toBe(''))
  await after(() => undefined)
  expect(box()).toBeNull()
})
