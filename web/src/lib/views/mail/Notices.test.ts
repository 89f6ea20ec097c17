// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { FakeCompose } from '../../../../tests/fake-compose.svelte.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { Composition, OutgoingMessage } from '#lib/writing/state/compose.ts'
import Notices from '#lib/views/mail/Notices.svelte'
import { afterEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

async function notices(compose = new FakeCompose()): Promise<Drawn & { compose: FakeCompose }> {
  const drawn = await pageOf(new ModelServer())
  drawn.page.writing.compose = compose
  ends.push(await draw(drawn, Notices, { title: 'Inbox' }))
  return { ...drawn, compose }
}

function outgoing(values: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const to = [{ name: 'Karim', address: 'karim@example.net' }]
  const at = new Date(Date.now() + 10_000)
  return { id: 'a', to, at, needs: null, scheduled: false, undo: () => Promise.resolve(null), ...values }
}

/** What is seen, and what is read out. */
function toast(): [string, string] {
  const shown = document.querySelector('.toast')
  const parts = [...(shown?.querySelectorAll(':scope > span[aria-hidden="true"]') ?? [])]
  const read = [...(shown?.querySelectorAll(':scope > .visually-hidden') ?? [])]
  return [parts.map((part) => part.textContent).join(), read.map((part) => part.textContent).join(' ')]
}

test('who cannot see the seconds is told once, and how to undo', async () => {
  const { compose } = await notices()
  await after(() => (compose.outgoing = [outgoing()]))
  expect(toast()).toEqual(['Sending to Karim in 10 s', 'Sending to Karim'])
})

test('what another visit scheduled is not told again', async () => {
  const scheduled = outgoing({ scheduled: true })
  const compose = Object.assign(new FakeCompose(), { outgoing: [scheduled] })
  await notices(compose)
  expect(document.querySelector('.toast')).toBeNull()
  await after(() => (compose.outgoing = [scheduled, outgoing({ id: 'b', scheduled: true })]))
  expect(document.querySelector('.toast')?.textContent).toContain('Leaves on ')
})

test('a notice is told by the one live region, with how to undo it', async () => {
  const { compose } = await notices()
  await after(() => (compose.outgoing = [outgoing({ to: [{ name: 'Deniz', address: 'deniz@example.net' }] })]))
  await vi.waitFor(() =>
    expect(document.querySelector('[role=status]')?.textContent).toContain('Sending to Deniz. Undo with Z.')
  )
  expect(document.querySelectorAll('[role=status], [aria-live]')).toHaveLength(1)
})

test('its button takes a message back', async () => {
  const { compose } = await notices()
  const undo = vi.fn(() => Promise.resolve(null))
  await after(() => (compose.outgoing = [outgoing({ undo })]))
  await after(() => document.querySelector<HTMLElement>('.toast button')?.click())
  expect(undo).toHaveBeenCalledOnce()
  expect(document.querySelector('.toast')?.textContent).toContain('Too late, it is on its way.')
})

test('what is held is known though what asks for it could not be loaded at first', async () => {
  const drawn = await pageOf(new ModelServer())
  const sent = vi.spyOn(drawn.mail, 'sent').mockRejectedValueOnce(new TypeError('Failed to fetch'))
  ends.push(await draw(drawn, Notices, { title: 'Inbox' }))
  expect(drawn.page.writing.sent).toBeNull()
  await after(() => dispatchEvent(new Event('online')))
  expect(sent).toHaveBeenCalledTimes(2)
  await vi.waitFor(() => expect(drawn.page.writing.sent).not.toBeNull())
})

/** Whether the browser would ask before this page is left. */
function asks(): boolean {
  const event = new Event('beforeunload', { cancelable: true })
  dispatchEvent(event)
  return event.defaultPrevented
}

test('leaving asks only while this tab holds a message, or text that is kept nowhere else', async () => {
  const { compose } = await notices()
  expect(asks()).toBe(false)
  await after(() => (compose.outgoing = [outgoing({ needs: 'tab' })]))
  expect(asks()).toBe(true)
  await after(() => (compose.outgoing = [outgoing()]))
  expect(asks()).toBe(false)
  const save = { kind: 'failed', trouble: { code: 'unknown', retryAt: null, reference: null } }
  await after(() => (compose.open = [{ save } as unknown as Composition]))
  expect(asks()).toBe(true)
  await after(() => (compose.open = []))
  expect(asks()).toBe(false)
})
