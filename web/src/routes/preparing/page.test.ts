// @vitest-environment jsdom
import { after, draw } from '../../../tests/drawn.ts'
import type { Me, Preparation } from '#lib/accounts/me.ts'
import { LiveService } from '../../../tests/live-service.ts'
import { afterEach, expect, test, vi } from 'vitest'
import Page from './+page.svelte'

const went = vi.hoisted(() => vi.fn<(path: string) => Promise<void>>(() => Promise.resolve()))
vi.mock('$app/navigation', () => ({ goto: went, refreshAll: vi.fn() }))

const PREPARATION: Preparation = {
  state: 'preparing',
  retry: 0,
  next_attempt_at: null,
  cause: null,
  failure: null,
  attempts: 0,
  max_attempts: 4,
  history: [],
  requested_at: null,
  ready_at: null,
  sweep_seconds: null,
  support_number: 'n',
  now: '2026-11-27T12:00:00Z'
}
const ME: Me = { identity_id: 'i', email: 'alice@example.org', mailbox: PREPARATION }

const ends: (() => void)[] = []
afterEach(() => {
  ends.splice(0).forEach((end) => end())
  went.mockClear()
  vi.unstubAllGlobals()
})

/** The page, whose service answers `/api/me` with `me` once the stream breaks. */
async function opened(me = Response.json(ME), mailbox = PREPARATION): Promise<LiveService> {
  const service = new LiveService()
  vi.stubGlobal('fetch', (url: string, init?: RequestInit) =>
    url === '/api/me' ? Promise.resolve(me) : service.fetch(url, init)
  )
  const given = { data: { me: { ...ME, mailbox } }, params: {} } as unknown as Record<string, unknown>
  ends.push(await draw(null, Page as never, given))
  return service
}

/** A stream takes as many turns as the machine is busy. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !holds(); turn += 1) await after(() => undefined)
  expect(holds()).toBe(true)
}

function shows(text: string): () => boolean {
  return () => document.body.textContent.includes(text)
}

test('who is signed out while the mailbox is made is led to sign in, and comes back here', async () => {
  const service = await opened(new Response(null, { status: 401 }))
  await service.close()
  await until(() => went.mock.calls.length > 0)
  expect(went.mock.calls).toEqual([['/sign-in?return_to=/preparing']])
})

test('a stream that breaks while the session lives keeps what is on screen', async () => {
  const service = await opened()
  await service.close()
  await until(shows('We cannot check right now.'))
  expect(went).not.toHaveBeenCalled()
  expect(document.querySelector('.bar')?.textContent).toContain('We cannot check right now.')
  expect(document.body.textContent).toContain('Your mailbox is being made')
})

test('once the mailbox is ready the inbox opens, and the focus is on its heading', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const service = await opened()
  const ready = { ...PREPARATION, state: 'ready' }
  await service.say('hello', ready)
  await until(shows('Your mailbox is ready'))
  vi.advanceTimersByTime(999)
  expect(went).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  vi.useRealTimers()
  expect(went.mock.calls).toEqual([['/mail', { replace: true }]])
  const heading = document.querySelector('h1')
  if (heading) heading.tabIndex = -1
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe('H1'))
})

test('who comes when the mailbox is ready need not wait', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.now() + 60_000 })
  await opened(undefined, { ...PREPARATION, state: 'ready' })
  vi.useRealTimers()
  expect(went.mock.calls).toEqual([['/mail', { replace: true }]])
})

test('who is sent back from a mailbox that is called ready does not go to and fro without end', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  const ready = { ...PREPARATION, state: 'ready' as const }
  const back = async (): Promise<void> => {
    ends.splice(0).forEach((end) => end())
    await opened(undefined, ready)
  }
  vi.setSystemTime(Date.now() + 600_000)
  for (let time = 0; time < 5; time += 1) {
    await back()
    vi.advanceTimersByTime(400)
  }
  expect(went).toHaveBeenCalledTimes(1)
  expect(shows('An operator has to fix something first.')()).toBe(true)
  vi.advanceTimersByTime(20_000)
  expect(went).toHaveBeenCalledTimes(2)
  vi.setSystemTime(Date.now() + 600_000)
  await back()
  expect(went).toHaveBeenCalledTimes(3)
  vi.useRealTimers()
})

test('each change comes by the same stream', async () => {
  const service = await opened()
  const cause = { kind: 'failed', since: '2026-11-27T12:00:00Z' }
  const next = { ...PREPARATION, retry: 1, next_attempt_at: '2026-11-27T12:00:09Z', cause }
  await service.say('provisioning', next)
  await until(shows('Attempt 2 in'))
  expect(service.asked).toEqual(['/api/live'])
})

test('the tab says what the page says: who has to choose another address is not told to wait', async () => {
  const service = await opened()
  expect(document.title).toBe('Your mailbox is being prepared')
  const failure = { kind: 'address_refused', since: PREPARATION.now, code: 'domain_not_served' }
  await service.say('provisioning', { ...PREPARATION, state: 'refused', failure, domains: ['example.org'] })
  await until(shows('Choose one at example.org.'))
  expect(document.title).toBe('Choose another address')
  expect(document.querySelector('a[href="/settings"]')?.textContent).toBe('Choose an address')
})

test('whose address is not known yet gets no empty line for it', async () => {
  ends.push(await draw(null, Page as never, { data: { me: { ...ME, email: null } }, params: {} } as never))
  expect(document.querySelector('.address')).toBeNull()
})

test('that nobody has heard of the registration is said after 5 s, and stays said when a new stream tells it again', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: Date.parse(PREPARATION.now) })
  const none = { ...PREPARATION, state: 'none' as const }
  const service = await opened(Response.json(ME), none)
  const isSaid = shows('We have not heard of your registration yet.')
  await after(() => vi.advanceTimersByTime(4_000))
  expect([isSaid(), shows('Your mailbox is being made')()]).toEqual([false, true])
  await after(() => vi.advanceTimersByTime(2_000))
  expect(isSaid()).toBe(true)
  await service.say('provisioning', { ...none, now: new Date().toISOString() })
  await after(() => vi.advanceTimersByTime(1_000))
  expect(isSaid()).toBe(true)
  vi.useRealTimers()
})
