// @vitest-environment jsdom
import '#lib/sync/kept-draft-rows.ts'
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { FakeCompose } from '../../../../tests/fake-compose.svelte.ts'
import { FakeSent } from '../../../../tests/fake-sent.svelte.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { UnsentDraft } from '#lib/writing/state/compose.ts'
import { EMPTY } from '#lib/writing/domain/draft.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, describe, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

const DRAFT = { mailboxIds: { drafts: true }, keywords: { $draft: true, $seen: true } }
const KARIM = { name: 'Karim', address: 'karim@example.net' }

interface Open extends Drawn {
  compose: FakeCompose
  sent: FakeSent
}

async function opened(server: ModelServer, place: string): Promise<Open> {
  const drawn = await pageOf(server)
  const [compose, sent] = [new FakeCompose(), new FakeSent()]
  drawn.page.writing.compose = compose
  drawn.page.writing.sent = sent
  await after(() => drawn.page.show(place, undefined))
  ends.push(await draw(drawn, MailPage, {}))
  return { ...drawn, compose, sent }
}

function rows(): string[] {
  return [...document.querySelectorAll('[role="gridcell"] > .visually-hidden')].map((name) => name.textContent.trim())
}

function unsent(values: Partial<UnsentDraft> = {}): UnsentDraft {
  const draft = { ...EMPTY, to: [KARIM], subject: 'Boats' }
  return { id: 'd1', draft, changedAt: new Date(0), state: 'device', emailId: null, ...values }
}

function deviceDrafts(): (string | undefined)[] {
  const found = [...document.querySelectorAll('ul[aria-label="On this device only"] button')]
  return found.map((button) => button.textContent.replaceAll(/\s+/g, ' ').trim())
}

test('a press, Enter or O on a draft opens its window, not the reader', async () => {
  const server = new ModelServer()
  server.deliver({ ...DRAFT, subject: 'Catalogue' })
  const { compose, page } = await opened(server, 'drafts')
  const cell = document.querySelector<HTMLElement>('[role="gridcell"]')
  await after(() => cell?.click())
  for (const key of ['Enter', 'o']) {
    // The window has taken what was typed.
    page.early.take()
    await after(() => cell?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))
  }
  expect(compose.started).toEqual(Array(3).fill({ kind: 'edit', emailId: 'e1' }))
  expect(page.threadId).toBeUndefined()
})

test('elsewhere a draft alone is written on, and one within a conversation is read with it', async () => {
  const server = new ModelServer()
  server.deliver({ ...DRAFT, threadId: 'alone' })
  server.deliver({ threadId: 'a' })
  server.deliver({ ...DRAFT, threadId: 'a' })
  const { compose, page } = await opened(server, 'all')
  await after(() => void page.openRow('alone'))
  expect([compose.started, page.threadId]).toEqual([[{ kind: 'edit', emailId: 'e1' }], undefined])
  await after(() => void page.openRow('a'))
  expect([compose.started.length, page.threadId]).toEqual([1, 'a'])
})

test('a draft that is to nobody yet, and is empty, is just a draft', async () => {
  const server = new ModelServer()
  server.deliver({ ...DRAFT, to: [], subject: '', preview: '' })
  await opened(server, 'drafts')
  const words = document.querySelector('[role="gridcell"] .text')?.textContent.replaceAll(/\s+/g, ' ')
  expect(words).toMatch(/^ ?Draft .{5,9} \(no subject\) ?$/)
  expect(rows()[0]).toMatch(/^Draft\. \(no subject\)\./)
})

test('a draft that was not sent says so first', async () => {
  const server = new ModelServer()
  server.deliver({ ...DRAFT, subject: 'Catalogue' })
  const { compose } = await opened(server, 'drafts')
  expect(rows()[0]).toMatch(/^Draft\./)
  await after(() => (compose.unsentDrafts = [unsent({ state: 'not_sent', emailId: 'e1' })]))
  expect(rows()[0]).toMatch(/^Not sent\. Draft\./)
  expect(document.querySelector('.marks use')?.getAttribute('href')).toContain('circle-alert')
  expect(deviceDrafts()).toEqual([])
})

test.each([
  ['device', 'Draft to Karim Kept on this device Boats'],
  ['waiting', 'Draft to Karim Waits for the connection Boats'],
  ['unknown', 'Draft to Karim It is not known whether it left Boats'],
  ['not_sent', 'Draft to Karim Not sent Boats']
] as const)('above the drafts stand those that only this device has: %s', async (state, words) => {
  const { compose } = await opened(new ModelServer(), 'drafts')
  await after(() => (compose.unsentDrafts = [unsent({ state })]))
  await vi.waitFor(() => expect(deviceDrafts()).toEqual([words]))
  await after(() => document.querySelector<HTMLElement>('ul[aria-label="On this device only"] button')?.click())
  expect(compose.started).toEqual([{ kind: 'kept', id: 'd1' }])
})

test('what is scheduled has a place in the sidebar while there is something, and there its time and a way back', async () => {
  const { sent, page, compose } = await opened(new ModelServer(), 'inbox')
  const places = () => [...document.querySelectorAll('.side .name')].map(({ textContent }) => textContent)
  expect(places()).not.toContain('Scheduled')
  const undo = vi.fn(() => Promise.resolve(null))
  const sendAt = new Date(2026, 11, 1, 8, 0)
  const to = [KARIM]
  await after(
    () => (sent.scheduled = [{ emailId: 'e1', threadId: 't1', to, subject: 'Boats', sendAt, refused: [], undo }])
  )
  expect(places()).toContain('Scheduled')
  await after(() => page.show('scheduled', undefined))
  const list = document.querySelector('section[aria-label="Scheduled"]')
  expect(list?.textContent.replaceAll(/\s+/g, ' ')).toMatch(
    /Scheduled 1 Karim Boats Scheduled for Tuesday,? 1 December 2026 at 08:00 Do not send/
  )
  await after(() => list?.querySelector<HTMLElement>('button[aria-label="Do not send: Boats"]')?.click())
  expect(undo).toHaveBeenCalledOnce()
  expect(page.notices.shown?.text).toBe('Too late, it is on its way.')
  await after(() => (sent.scheduled = []))
  expect(list?.textContent).toContain('Nothing is scheduled')
  expect(compose.started).toEqual([])
})

describe('off line, of the messages that leave later', () => {
  const undo = (): Promise<null> => Promise.resolve(null)
  const at = new Date(2026, 11, 1, 8, 0)
  const outgoing = { to: [KARIM], at, undo, scheduled: true, needs: null }

  async function offline(): Promise<Open> {
    const scene = await opened(new ModelServer(), 'scheduled')
    await after(() => (scene.sent.trouble = { code: 'unavailable', retryAt: null, reference: null }))
    await scene.page.writing.load()
    return scene
  }

  function list(): string {
    return document.querySelector('section[aria-label="Scheduled"]')?.textContent.replaceAll(/\s+/g, ' ') ?? ''
  }

  test('those that this device knows are there, until the mail server has listed them', async () => {
    const { sent, compose } = await offline()
    const karimAnna = [
      { ...KARIM, name: 'Karim Haddad' },
      { name: 'Anna Berg', address: 'anna@example.net' }
    ]
    await after(() => {
      compose.outgoing = [
        { ...outgoing, id: 'a', subject: 'Boats', to: karimAnna },
        { ...outgoing, id: 'b', subject: 'In a moment', scheduled: false },
        { ...outgoing, id: 'c', subject: 'Not handed over', needs: 'connection' }
      ]
    })
    await vi.waitFor(() => expect(list()).toContain('Karim, Anna Boats'))
    expect(list()).toContain('Not handed over')
    expect(list()).not.toContain('In a moment')
    expect(document.querySelectorAll('ul[aria-label="Scheduled"] li')).toHaveLength(2)
    await after(() => (sent.scheduled = []))
    expect(list()).not.toContain('Boats')
    expect(list()).toContain('Nothing is scheduled')
  })

  test('one that waits for the connection is there, once, and others that wait are in Drafts', async () => {
    const { sent, page, compose } = await offline()
    await after(() => {
      compose.outgoing = [
        { ...outgoing, id: 'a', subject: 'Later', needs: 'connection' },
        { ...outgoing, id: 'b', subject: 'At once', needs: 'connection', scheduled: false }
      ]
      compose.unsentDrafts = ['a', 'b'].map((id) =>
        unsent({ id, state: 'waiting', draft: { ...EMPTY, to: [KARIM], subject: id === 'a' ? 'Later' : 'At once' } })
      )
    })
    await vi.waitFor(() => expect(deviceDrafts()).toEqual(['Draft to Karim Waits for the connection Later']))
    expect(list().match(/Later/g)).toHaveLength(1)
    expect(list()).not.toContain('At once')
    await after(() => (sent.scheduled = []))
    expect(list()).not.toContain('Nothing is scheduled')
    await after(() => page.show('drafts', undefined))
    await vi.waitFor(() => expect(deviceDrafts().join()).toContain('At once'))
  })
})

test('what is scheduled cannot be deleted or moved away: it would be sent all the same', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', subject: 'Boats' })
  const { page } = await opened(server, 'scheduled')
  await after(() => page.show('scheduled', 'a'))
  expect(page.triage.targets).toHaveLength(1)
  for (const key of ['#', 'Delete', 'e', '!', '[', ']'])
    await after(() => window.dispatchEvent(new KeyboardEvent('keydown', { key })))
  expect([page.threadId, page.notices.shown]).toEqual(['a', null])
  await vi.waitFor(() => expect(toolNames()).toContain('Star'))
  expect(toolNames()).not.toEqual(expect.arrayContaining([expect.stringMatching(/Archive|Delete|Report spam|Move to/)]))
})

function toolNames(): (string | null)[] {
  return [...document.querySelectorAll('[role="toolbar"] button')].map((button) => button.getAttribute('aria-label'))
}

test('no key does anything to the rows that the scheduled messages hide', async () => {
  const server = new ModelServer()
  server.deliver()
  const { page } = await opened(server, 'scheduled')
  await after(() => window.dispatchEvent(new KeyboardEvent('keydown', { key: 'j' })))
  expect([page.cursor.current, page.triage.targets]).toEqual([null, []])
})
