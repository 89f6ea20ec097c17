// @vitest-environment jsdom
/** What each choice of a person does, as they see it. Theme and density on screen, and keys, have tests of their own. */
import { after, draw, pageOf, type Drawn } from './drawn.ts'
import { ModelServer } from './model-server.ts'
import type { Chosen } from '#lib/settings/domain/preferences.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import { act } from '#lib/actions/state/act.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { followLooks } from '#lib/views/mail/looks.svelte.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import type { Speech } from '#lib/words/words.svelte.ts'
import { flushSync } from 'svelte'
import { afterEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

const ME = { name: 'Me', email: 'me@example.org' }
const ANN = { name: 'Ann', email: 'ann@example.net' }
const BOB = { name: 'Bob', email: 'bob@example.net' }

/** Three conversations, the newest first: c, b, a. */
async function page(chosen: Partial<Chosen>): Promise<Drawn> {
  const server = new ModelServer()
  for (const threadId of ['a', 'b', 'c']) server.deliver({ threadId, subject: threadId, from: [ANN], to: [ME, BOB] })
  const drawn = await pageOf(server)
  drawn.page.preferences.set(chosen)
  return drawn
}

async function reading(chosen: Partial<Chosen>): Promise<Drawn> {
  const drawn = await page(chosen)
  await after(() => drawn.page.show('inbox', 'b'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  return drawn
}

test.each([
  ['older', '/mail/inbox/a'],
  ['newer', '/mail/inbox/c'],
  ['list', '/mail/inbox']
] as const)('after a conversation is archived, the person goes to: %s', async (way, path) => {
  const { page: mail, went } = await reading({ after: way })
  await after(() => act(mail, { kind: 'archive' }))
  expect(went.at(-1)).toBe(path)
})

test.each([
  ['now', [0, 0]],
  ['later', [1, 0]],
  ['never', [1, 1]]
] as const)('an open conversation is marked as read: %s', async (markRead, left) => {
  const { mail, world } = await reading({ markRead })
  const unread = () => mail.reader.conversation?.messages.filter((message) => message.unread).length
  const found = [unread()]
  await world.pass(60_000)
  await after(() => undefined)
  expect([...found, unread()]).toEqual(left)
})

test.each([
  ['reply', 'Reply'],
  ['all', 'Reply all']
] as const)('the button of a message replies to: %s', async (reply, name) => {
  await reading({ reply })
  expect(document.querySelector('article .end button[aria-label^=Reply]')?.getAttribute('aria-label')).toBe(name)
})

test('pictures that are never shown cannot be shown by a message, either', async () => {
  const { page, mail } = await reading({ pictures: 'never' })
  const [message] = mail.reader.conversation?.messages ?? []
  if (!message) throw new Error('no message')
  page.reading.showPictures(message)
  expect(page.reading.showsPictures(message)).toBe(false)
  mail.preferences.set({ pictures: 'ask' })
  expect(page.reading.showsPictures(message)).toBe(true)
})

test.each([0, 10, 20, 30] as const)('the time to undo is what was chosen: %i', async (undoSeconds) => {
  const { mail } = await page({ undoSeconds })
  const { session } = mail.part((context: PartContext) => context)
  expect(session.undoSeconds()).toBe(undoSeconds)
})

test.each([
  [true, false, true],
  [false, true, false]
])('a reading pane (%s) is beside the list, or a conversation replaces it', async (pane, single, splitter) => {
  const drawn = await page({ pane })
  ends.push(await draw(drawn, MailPage, {}))
  expect(document.querySelector('.page')?.classList.contains('single')).toBe(single)
  await vi.waitFor(() => expect(document.querySelector('.reader-pane > *')).not.toBeNull())
  expect(document.querySelector('[role=separator]') !== null).toBe(splitter)
})

test('theme and region are on screen as they are chosen, also by another device', async () => {
  const drawn = await page({ theme: 'dark', region: 'US' })
  const located: string[] = []
  ends.push(followLooks(drawn.page, { locate: (region: string) => located.push(region) } as unknown as Speech))
  flushSync()
  expect([document.documentElement.dataset['theme'], located]).toEqual(['dark', ['US']])
  const ahead = Date.now() + 60_000
  await after(() => drawn.page.preferences.keep({ theme: ['light', ahead], region: ['CA', ahead] }))
  expect([document.documentElement.dataset['theme'], located]).toEqual(['light', ['US', 'CA']])
})
