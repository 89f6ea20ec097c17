// @vitest-environment jsdom
import type { MailPage } from '#lib/state/page.svelte.ts'
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { FakeCompose } from '../../../../tests/fake-compose.svelte.ts'
import { FakeSent } from '../../../../tests/fake-sent.svelte.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import { english } from '../../../../tests/words.ts'
import { forward, replyAll } from '#lib/commands/write.ts'
import { EMPTY } from '#lib/writing/domain/draft.ts'
import { framedKey, keyboardOf } from '#lib/views/mail/keys.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import { afterEach, expect, test } from 'vitest'

const ends: (() => void)[] = []
const ME = { name: 'Me Myself', email: 'me@example.org' }

afterEach(() => ends.splice(0).forEach((end) => end()))

type Reading = Drawn & { compose: FakeCompose }

function conversation(): ModelServer {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', subject: 'Boats', from: [{ name: 'Ann', email: 'ann@example.net' }] })
  server.deliver({ threadId: 'a', subject: 'Boats', from: [{ name: 'Bob', email: 'bob@example.net' }] })
  return server
}

/** The conversation `a`, open. */
async function reading(server = conversation()): Promise<Reading> {
  const drawn = await pageOf(server)
  const compose = new FakeCompose()
  drawn.page.writing.compose = compose
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  return { ...drawn, compose }
}

function replyButtons(): HTMLButtonElement[] {
  return [...document.querySelectorAll<HTMLButtonElement>('article button[aria-label="Reply"]')]
}

function button(name: string, within: ParentNode = document): HTMLButtonElement | undefined {
  const all = [...within.querySelectorAll<HTMLButtonElement>('button')]
  return all.find((one) => (one.getAttribute('aria-label') ?? one.textContent.trim()) === name)
}

test('a reply belongs to the message at which it is pressed', async () => {
  const { compose } = await reading()
  expect(replyButtons()).toHaveLength(2)
  await after(() => replyButtons()[0]?.click())
  await after(() => replyButtons()[1]?.click())
  expect(answered(compose)).toEqual(['reply e1', 'reply e2'])
})

function answered(compose: FakeCompose): string[] {
  return compose.started.map((start) => `${start.kind} ${'message' in start ? start.message.id : ''}`)
}

test('at the foot stands the ways to reply to the last message, to all only if that reaches more', async () => {
  const drawn = await reading()
  const foot = () => [...document.querySelectorAll('footer button')].map(({ textContent }) => textContent.trim())
  expect(foot()).toEqual(['Reply', 'Forward'])
  const to = [
    { name: null, email: 'me@example.org' },
    { name: 'Cem', email: 'cem@example.net' }
  ]
  drawn.server.deliver({ threadId: 'a', subject: 'Boats', to })
  await after(() => drawn.mail.connection.tryNow())
  expect(foot()).toEqual(['Reply', 'Reply all', 'Forward'])
  const footer = document.querySelector('footer') ?? document
  await after(() => button('Reply all', footer)?.click())
  await after(() => button('Forward', footer)?.click())
  expect(answered(drawn.compose)).toEqual(['replyAll e3', 'forward e3'])
})

test('the menu of a message forwards it, also as an attachment', async () => {
  const { compose } = await reading()
  const item = (name: string) =>
    [...document.querySelectorAll<HTMLElement>('[role="menuitem"]')].find(({ textContent }) =>
      textContent.trim().startsWith(name)
    )
  for (const name of ['Forward', 'Forward as attachment']) {
    await after(() => document.querySelector<HTMLButtonElement>('article button[aria-label="More"]')?.click())
    await after(() => item(name)?.click())
  }
  expect(item('Reply all')).toBeUndefined()
  expect(answered(compose)).toEqual(['forward e1', 'forwardAsAttachment e1'])
})

test('a draft in a conversation can be edited, collapsed or not, and is not answered', async () => {
  const drawn = await reading()
  drawn.server.deliver({ threadId: 'a', from: [ME], keywords: { $draft: true, $seen: true } })
  await after(() => drawn.mail.connection.tryNow())
  await after(() => button('Edit')?.click())
  expect(drawn.compose.started).toEqual([{ kind: 'edit', emailId: 'e3' }])
  await after(() => button('Reply', document.querySelector('footer') ?? document)?.click())
  expect(answered(drawn.compose).at(-1)).toBe('reply e2')
})

test('what keeps a window from opening is told, and tried again', async () => {
  const drawn = await reading()
  drawn.compose.failure = { code: 'gone', retryAt: null, reference: null }
  await after(() => button('Reply', document.querySelector('footer') ?? document)?.click())
  const told = drawn.page.notices.shown
  expect(typeof told?.text === 'function' && told.text({} as never, english.mail)).toBe(
    'This was removed or moved in the meantime.'
  )
  drawn.compose.failure = null
  await after(() => told?.again?.())
  expect(answered(drawn.compose)).toEqual(['reply e2', 'reply e2'])
})

/** A message whose sender is not who they seem. */
function suspicious(): ModelServer {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', from: [{ name: 'boss@example.org', email: 'thief@example.net' }] })
  return server
}

test('a reply to a suspicious sender asks once, over everything, and names the address', async () => {
  const { compose, page } = await reading(suspicious())
  const dialog = () => document.querySelector<HTMLDialogElement>('dialog[open]')
  const replyButton = () => button('Reply', document.querySelector('footer') ?? document)
  replyButton()?.focus()
  await after(() => replyButton()?.click())
  expect(dialog()?.textContent).toContain('thief@example.net')
  expect(document.activeElement?.textContent.trim()).toBe('Cancel')
  await after(() => button('Cancel')?.click())
  expect([compose.started, dialog(), document.activeElement]).toEqual([[], null, replyButton()])
  await after(() => replyButton()?.click())
  await after(() => button('Reply anyway')?.click())
  expect([answered(compose), dialog()]).toEqual([['reply e1'], null])
  await after(() => replyButton()?.click())
  expect([answered(compose), page.reading.asking]).toEqual([['reply e1', 'reply e1'], null])
})

test.each([
  ['Escape, before it is there', (page: MailPage) => page.early.keeps('Escape')],
  ['Cancel', (page: MailPage) => page.reading.decide(false)]
])('keys that are pressed for the question act on nothing until %s ends it', async (_, end) => {
  const { page } = await reading(suspicious())
  page.mail.reader.conversation?.messages.forEach((message) => page.reading.reply('reply', message))
  expect([page.early.keeps('e'), page.reading.asking?.kind]).toEqual([true, 'reply'])
  end(page)
  expect([page.early.keeps('e'), page.reading.asking]).toEqual([false, null])
})

test('a suspicious message is forwarded without a question: it does not go to its sender', async () => {
  const { compose } = await reading(suspicious())
  await after(() => button('Forward', document.querySelector('footer') ?? document)?.click())
  expect(answered(compose)).toEqual(['forward e1'])
})

test.each([
  ['of a known sender at once', conversation, false],
  ['of a suspicious sender after a question that shows it', suspicious, true]
])('a link to an address opens a window: %s', async (_, mails, asks) => {
  const server = mails()
  const url = 'mailto:sales@example.com?subject=Hi'
  const [last] = [...server.emails.keys()].slice(-1)
  server.update(last ?? '', { bodyValues: { text: { value: `Write to ${url}`, isTruncated: false } } })
  const { compose } = await reading(server)
  await after(() => document.querySelector<HTMLElement>('article a')?.click())
  const dialog = document.querySelector<HTMLDialogElement>('dialog[open]')
  expect([dialog?.textContent.includes(url) ?? false, compose.started.length]).toEqual([asks, asks ? 0 : 1])
  if (dialog) await after(() => button('Open', dialog)?.click())
  expect(compose.started).toEqual([{ kind: 'mailto', url }])
})

test('of an own message the reader tells whom it did not reach, why, and sends it to them once more', async () => {
  const server = new ModelServer()
  const to = [
    { name: 'Kenji', email: 'kenji@papier.example' },
    { name: 'Priya', email: 'priya@example.net' }
  ]
  server.deliver({ threadId: 'a', mailboxIds: { sent: true }, from: [ME], to, keywords: { $seen: true } })
  const { compose, page } = await reading(server)
  const sent = new FakeSent()
  await after(() => (page.writing.sent = sent))
  expect([sent.asked, document.querySelector('.bar')]).toEqual([['e1'], null])
  const kenji = { address: 'kenji@papier.example', reason: 'unknown_mailbox', code: '550 5.1.1', said: 'No' } as const
  const refused = [kenji]
  await after(() => (sent.deliveries = { e1: { recipients: 2, refused } }))
  expect(document.querySelector('.bar .words')?.textContent.replaceAll(/\s+/g, ' ').trim()).toBe(
    'One of 2 recipients did not get this kenji@papier.example: the mail server there knows no such mailbox (550 5.1.1).'
  )
  const many = Array.from({ length: 200 }, (_, at) => ({ ...kenji, address: `a${at}@papier.example` }))
  await after(() => (sent.deliveries = { e1: { recipients: 200, refused: many } }))
  expect(document.querySelectorAll('.bar .words > ul li')).toHaveLength(3)
  expect(document.querySelector('.bar summary')?.textContent).toBe('and 197 more')
  await after(() => (sent.deliveries = { e1: { recipients: 2, refused } }))
  await after(() => button('Correct and resend')?.click())
  const [start] = compose.started
  expect(start).toMatchObject({ kind: 'resend', to: [{ name: 'Kenji', address: 'kenji@papier.example' }] })
  await after(() => button('Hide')?.click())
  expect(document.querySelector('.bar')).toBeNull()
})

test('a draft of this device stands below the conversation that it replies to', async () => {
  const { compose } = await reading()
  const parent = { kind: 'reply', emailId: 'e2', messageId: [], references: [] } as const
  const draft = { ...EMPTY, subject: 'Re: Boats', parent }
  const one = { id: 'd1', draft, changedAt: new Date(0), state: 'device', emailId: null } as const
  const others = [
    { ...one, id: 'd2', emailId: 'e1' },
    { ...one, id: 'd3', draft: { ...draft, parent: { ...parent, emailId: 'elsewhere' } } }
  ]
  await after(() => (compose.unsentDrafts = [one, ...others]))
  expect(document.querySelectorAll('.drafts button')).toHaveLength(1)
  await after(() => document.querySelector<HTMLElement>('.drafts button')?.click())
  expect(compose.started).toEqual([{ kind: 'kept', id: 'd1' }])
})

test('A replies to all, and F forwards, what was sent last; A replies where there is nobody else', async () => {
  const { compose, page } = await reading()
  for (const command of [replyAll, forward]) {
    expect(command.when(page)).toBe(true)
    await after(() => void command.run(page))
  }
  expect(answered(compose)).toEqual(['replyAll e2', 'forward e2'])
  await after(() => page.show('inbox', undefined))
  expect(replyAll.when(page)).toBe(false)
})

/** Opened by its address, since no list has it; the mail server answers when it is told to. */
async function loading(): Promise<Drawn & { compose: FakeCompose; respond: () => void }> {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', mailboxIds: { archive: true } })
  const drawn = await pageOf(server)
  const compose = new FakeCompose()
  drawn.page.writing.compose = compose
  const waiting: (() => void)[] = []
  server.interrupt = () => new Promise((resolve) => waiting.push(() => resolve(null)))
  await after(() => drawn.page.show('inbox', 'a'))
  const respond = (): void => {
    server.interrupt = () => null
    waiting.forEach((each) => each())
  }
  return { ...drawn, compose, respond }
}

const pressIn = (page: Drawn['page'], keys: string): void =>
  keys.split('').forEach((key) => keyboardOf(page).press(framedKey(key, false, false)))

test('R while the conversation still loads waits for it, and what is typed meanwhile is a part of the reply', async () => {
  const { page, compose, respond } = await loading()
  await after(() => pressIn(page, 'rhe'))
  expect(compose.started).toEqual([])
  await after(respond)
  expect([answered(compose), page.early.take()]).toEqual([['reply e1'], 'he'])
})

test.each([
  ['Escape', (page: Drawn['page']) => void page.early.keeps('Escape')],
  ['who goes back to the list', (page: Drawn['page']) => page.show('inbox', undefined)]
])('a reply that waits for its conversation is given up by %s', async (_, leave) => {
  const { page, compose, respond } = await loading()
  await after(() => pressIn(page, 'r'))
  await after(() => leave(page))
  await after(respond)
  expect(compose.started).toEqual([])
})

test('a reply is to the conversation where the keyboard is, which the reader has not followed yet', async () => {
  const server = conversation()
  server.deliver({ threadId: 'b', subject: 'Kites', from: [{ name: 'Cem', email: 'cem@example.net' }] })
  const { page, compose } = await reading(server)
  await after(() => pressIn(page, 'k'))
  expect([page.threadId, page.cursor.current]).toEqual(['a', 'b'])
  await after(() => pressIn(page, 'r'))
  expect([page.threadId, answered(compose)]).toEqual(['b', ['reply e3']])
})
