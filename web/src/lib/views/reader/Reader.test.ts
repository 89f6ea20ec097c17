// @vitest-environment jsdom
import { device, revealed, waiting } from '../../../../tests/device.ts'
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import { afterEach, expect, test } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  device.phone = false
})

/** A conversation of two messages, open. */
async function reading(): Promise<Drawn> {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', subject: 'Boats', from: [{ name: 'Ann', email: 'ann@example.net' }] })
  server.deliver({ threadId: 'a', subject: 'Boats', from: [{ name: 'Bob', email: 'bob@example.net' }] })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  return drawn
}

function replyButtons(): HTMLButtonElement[] {
  return [...document.querySelectorAll<HTMLButtonElement>('article button[aria-label="Reply"]')]
}

function box(): HTMLTextAreaElement | null {
  return document.querySelector('textarea')
}

async function type(text: string): Promise<void> {
  const area = box()
  if (!area) throw new Error('there is no reply box')
  await after(() => {
    area.value = text
    area.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

test('a reply belongs to its message: pressing Reply at another one shows the text of that one', async () => {
  const { mail } = await reading()
  expect(replyButtons()).toHaveLength(2)
  await after(() => replyButtons()[0]?.click())
  await type('Dear Ann')
  await after(() => replyButtons()[1]?.click())
  expect(box()?.value).toBe('')
  await type('Dear Bob')
  expect([mail.sending.draftOf('e1'), mail.sending.draftOf('e2')]).toEqual(['Dear Ann', 'Dear Bob'])
})

test('on a phone the focus goes to the heading once, and stays in the reply when the conversation changes', async () => {
  device.phone = true
  const drawn = await reading()
  expect(document.activeElement?.tagName).toBe('H2')
  await after(() => replyButtons()[0]?.click())
  expect(document.activeElement).toBe(box())
  drawn.server.deliver({ threadId: 'a', subject: 'Boats' })
  await after(() => drawn.mail.connection.tryNow())
  expect(document.querySelectorAll('article')).toHaveLength(3)
  expect(document.activeElement).toBe(box())
})

test('a reply to a suspicious sender asks once, and names the address', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', from: [{ name: 'boss@example.org', email: 'thief@example.net' }] })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  await after(() => drawn.page.reply('e1'))
  expect(box()).toBeNull()
  expect(document.querySelector('[role="alert"]')?.textContent).toContain('thief@example.net')
  const buttons = [...document.querySelectorAll('button')]
  await after(() => buttons.find((button) => button.textContent.trim() === 'Reply anyway')?.click())
  expect(box()).not.toBeNull()
  await type('Hm')
  await after(() => drawn.page.closeReply())
  await after(() => drawn.page.reply('e1'))
  expect(box()?.value).toBe('Hm')
})

test('why nothing loads is said once, and each message says just that it does not', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  server.deliver({ threadId: 'a' })
  const drawn = await pageOf(server)
  server.interrupt = () => Response.json({ code: 'mail_server_away' }, { status: 503 })
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  const text = document.body.textContent
  expect(text.match(/The mail server does not answer/g)).toHaveLength(1)
  expect(text.match(/This message does not load/g)).toHaveLength(2)
})

test('of many messages that are expanded at once, each loads and is read when it comes near', async () => {
  const server = new ModelServer()
  for (let number = 0; number < 40; number += 1) server.deliver({ threadId: 'a' })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  const loaded = () => drawn.mail.reader.conversation?.messages.filter(({ body }) => body).length
  const unread = () => drawn.mail.reader.conversation?.messages.filter((message) => message.unread).length
  await after(() => drawn.page.expandAll(true))
  expect(document.querySelectorAll('article.expanded')).toHaveLength(40)
  expect([loaded(), unread(), waiting.size]).toEqual([10, 30, 30])
  await after(() => [...waiting.values()][0]?.())
  await after(() => undefined)
  expect([loaded(), unread()]).toEqual([11, 29])
})

test('a conversation that does not exist is a quiet empty place, and nothing can be tried', async () => {
  const drawn = await reading()
  await after(() => drawn.page.show('inbox', 'nowhere'))
  expect(document.querySelector('.scroll, .bar, h2')).toBeNull()
  expect(document.querySelector('.reader .empty')?.textContent.trim()).toBe('This conversation is not here any more')
})

const ME = { name: 'Me Myself', email: 'me@example.org' }

test.each([
  ['en', 'Message from me, ', 'to me, Bob', 'To me, Bob'],
  ['de', 'Nachricht von mir, ', 'an mich, Bob', 'An mich, Bob']
] as const)('the person who reads is named as the sentence wants it (%s)', async (language, from, to, replyTo) => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', from: [ME], to: [ME, { name: 'Bob Reed', email: 'bob@example.net' }] })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }, language))
  expect(document.querySelector('article')?.getAttribute('aria-label')).toContain(from)
  expect(document.querySelector('.to')?.textContent.trim()).toBe(to)
  await after(() => drawn.page.reply('e1'))
  expect(document.querySelector('form .to')?.textContent.trim()).toBe(replyTo)
})

test('a reply comes into view with its buttons, and has the focus', async () => {
  await reading()
  await after(() => replyButtons()[0]?.click())
  expect(document.activeElement).toBe(box())
  expect(revealed.at(-1)?.querySelector('button[type="submit"]')).not.toBeNull()
})

test('a long address breaks behind its "@" and its dots', async () => {
  await reading()
  const address = document.querySelector('article .address')
  expect(address?.textContent.trim()).toBe('ann@example.net')
  expect(address?.innerHTML.replaceAll(/<!--.*?-->/g, '')).toContain('ann@<wbr>example.<wbr>net')
})

test('a collapsed message shows that it has an attachment before its body is loaded', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', hasAttachment: true, keywords: { $seen: true } })
  server.deliver({ threadId: 'a' })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  const lines = [...document.querySelectorAll('article .end')].map((end) => end.textContent)
  expect(lines.map((text) => text.includes('Attachment'))).toEqual([true, false])
})
