// @vitest-environment jsdom
import { device, waiting } from '../../../../tests/device.ts'
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  device.phone = false
})

test('an address that looks like one that the person knows is marked beside the name and in the details', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', from: [{ name: 'Ann', email: 'ann@papierwerck.example.net' }] })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  const said = () =>
    document.querySelector('article')?.textContent.match(/Looks like Ann Berg, but is not/g)?.length ?? 0
  expect(said()).toBe(0)
  // As if the settings said so.
  const imitatedBy = ({ address }: { address: string }): string | null => (address.includes('ck') ? 'Ann Berg' : null)
  await after(() => (drawn.page.reading.suspicions = { imitatedBy, warningOf: () => null } as never))
  expect(said()).toBe(1)
  await after(() => document.querySelector<HTMLElement>('article .to')?.click())
  await vi.waitFor(() => expect(said()).toBe(2))
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

test('on a phone the focus goes to the heading once, not again when the conversation changes', async () => {
  device.phone = true
  const drawn = await reading()
  expect(document.activeElement?.tagName).toBe('H2')
  const button = document.querySelector<HTMLButtonElement>('article button')
  button?.focus()
  drawn.server.deliver({ threadId: 'a', subject: 'Boats' })
  await after(() => drawn.mail.connection.tryNow())
  expect(document.querySelectorAll('article')).toHaveLength(3)
  expect(document.activeElement).toBe(button)
})

test('on a phone a conversation that is there late takes no focus from a window of writing', async () => {
  device.phone = true
  const window = document.body.appendChild(document.createElement('div'))
  ends.push(() => window.remove())
  window.setAttribute('role', 'dialog')
  const field = window.appendChild(document.createElement('input'))
  field.focus()
  await reading()
  expect(document.activeElement).toBe(field)
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

test('of many messages that are expanded at once, each loads when it comes near', async () => {
  const server = new ModelServer()
  for (let number = 0; number < 40; number += 1) server.deliver({ threadId: 'a' })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  const loaded = () => drawn.mail.reader.conversation?.messages.filter(({ body }) => body).length
  await after(() => drawn.page.reading.expandAll(true))
  expect(document.querySelectorAll('article.expanded')).toHaveLength(40)
  expect([loaded(), waiting.size]).toEqual([10, 30])
  await after(() => [...waiting.values()][0]?.())
  await after(() => undefined)
  expect(loaded()).toBe(11)
})

test('a conversation that does not exist is a quiet empty place, and nothing can be tried', async () => {
  const drawn = await reading()
  await after(() => drawn.page.show('inbox', 'nowhere'))
  expect(document.querySelector('.scroll, .bar, h2')).toBeNull()
  await vi.waitFor(() =>
    expect(document.querySelector('.reader .empty')?.textContent.trim()).toBe('This conversation is not here any more')
  )
})

const ME = { name: 'Me Myself', email: 'me@example.org' }

test.each([
  ['en', 'Message from me, ', 'to me, Bob'],
  ['de', 'Nachricht von mir, ', 'an mich, Bob']
] as const)('the person who reads is named as the sentence wants it (%s)', async (language, from, to) => {
  const server = new ModelServer()
  server.deliver({
    threadId: 'a',
    mailboxIds: { sent: true },
    from: [ME],
    to: [ME, { name: 'Bob Reed', email: 'bob@example.net' }]
  })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('sent', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }, language))
  expect(document.querySelector('article')?.getAttribute('aria-label')).toContain(from)
  expect(document.querySelector('.to')?.textContent.trim()).toBe(to)
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
