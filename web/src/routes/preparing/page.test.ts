// @vitest-environment jsdom
import { after, draw } from '../../../tests/drawn.ts'
import type { Me, Progress } from '#lib/accounts/me.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import Page from './+page.svelte'

const went = vi.hoisted(() => vi.fn<(path: string) => Promise<void>>(() => Promise.resolve()))
vi.mock('$app/navigation', () => ({ goto: went, refreshAll: vi.fn() }))

const PROGRESS: Progress = {
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
const ME: Me = { identity_id: 'i', email: 'alice@example.org', mailbox: PROGRESS }

class Source extends EventTarget {
  static readonly opened: Source[] = []
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor() {
    super()
    Source.opened.push(this)
  }
  close(): void {}
}

const ends: (() => void)[] = []
beforeEach(() => {
  vi.stubGlobal('EventSource', Source)
})
afterEach(() => {
  ends.splice(0).forEach((end) => end())
  Source.opened.length = 0
  went.mockClear()
  vi.unstubAllGlobals()
})

async function preparing(): Promise<Source> {
  const given = { data: { me: ME }, params: {} } as unknown as Record<string, unknown>
  ends.push(await draw(null, Page as never, given))
  const [source] = Source.opened
  if (!source) throw new Error('no stream was opened')
  return source
}

test('who is signed out while the mailbox is made is led to sign in, and comes back here', async () => {
  const source = await preparing()
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 401 })))
  await after(() => source.onerror?.())
  expect(went.mock.calls).toEqual([['/sign-in?return_to=/preparing']])
})

test('a stream that breaks while the session lives keeps what is on screen', async () => {
  const source = await preparing()
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(ME)))
  await after(() => source.onerror?.())
  expect(went).not.toHaveBeenCalled()
  expect(document.querySelector('.bar')?.textContent).toContain('We cannot check right now.')
  expect(document.body.textContent).toContain('Your mailbox is being made')
})

test('once the mailbox is ready the inbox opens, and the focus is on its heading', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const source = await preparing()
  const ready = { ...PROGRESS, state: 'ready' }
  await after(() => source.dispatchEvent(new MessageEvent('hello', { data: JSON.stringify(ready) })))
  vi.advanceTimersByTime(999)
  expect(went).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  vi.useRealTimers()
  expect(went.mock.calls).toEqual([['/mail', { replace: true }]])
  const heading = document.querySelector('h1')
  if (heading) heading.tabIndex = -1
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe('H1'))
})

test('each change comes by the same stream', async () => {
  const source = await preparing()
  const next = { ...PROGRESS, retry: 1, next_attempt_at: '2026-11-27T12:00:09Z' }
  await after(() => source.dispatchEvent(new MessageEvent('provisioning', { data: JSON.stringify(next) })))
  expect(Source.opened).toEqual([source])
})
