// @vitest-environment jsdom
import { after, draw, pageOf } from '../../../../tests/drawn.ts'
import { NO_ABSENCE, type Absence } from '#lib/settings/domain/absence.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import AbsenceLine from '#lib/views/list/AbsenceLine.svelte'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ON: Absence = { ...NO_ABSENCE, on: true, text: 'Away' }
const MINUTE = 60_000

/** What the mail server has, and what this tab has read of it. */
class Reply {
  there: Absence = NO_ABSENCE
  loads = 0
  readonly phase = 'ready'
  readonly isSaving = false
  inactive = $state(false)
  absence = $state.raw<Absence>(NO_ABSENCE)

  load(): Promise<void> {
    this.loads += 1
    this.absence = this.there
    return Promise.resolve()
  }
}

let end: () => void

afterEach(() => {
  end()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

async function shown(there: Absence): Promise<{ reply: Reply; page: MailPage }> {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible')
  const reply = new Reply()
  reply.there = reply.absence = there
  const drawn = await pageOf(new ModelServer())
  vi.spyOn(drawn.mail, 'part').mockReturnValue(reply)
  end = await draw(drawn, AbsenceLine, {})
  return { reply, page: drawn.page }
}

async function pass(milliseconds: number): Promise<void> {
  await after(() => void vi.advanceTimersByTime(milliseconds))
}

async function comesBack(): Promise<void> {
  await after(() => void document.dispatchEvent(new Event('visibilitychange')))
}

function line(): string | undefined {
  return document.querySelector('.words')?.textContent.trim()
}

test('a tab that is open for days learns when it is shown that another device began the reply, and ended it', async () => {
  const { reply } = await shown(NO_ABSENCE)
  expect(line()).toBeUndefined()
  reply.there = ON
  await pass(2 * MINUTE)
  await comesBack()
  expect(line()).toBe('Automatic reply is on')
  reply.there = NO_ABSENCE
  await pass(2 * MINUTE)
  await comesBack()
  expect(line()).toBeUndefined()
})

test('a tab that stays in sight asks now and then, a hidden one does not', async () => {
  const { reply } = await shown(NO_ABSENCE)
  reply.there = ON
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  await pass(60 * MINUTE)
  expect(reply.loads).toBe(0)
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible')
  await pass(10 * MINUTE)
  expect([reply.loads, line()]).toEqual([1, 'Automatic reply is on'])
})

test('who goes to and fro asks once, and nothing is read beneath a filter that is being changed', async () => {
  const { reply, page } = await shown(ON)
  await pass(2 * MINUTE)
  await comesBack()
  await comesBack()
  expect(reply.loads).toBe(1)
  page.away = true
  await pass(20 * MINUTE)
  await comesBack()
  expect(reply.loads).toBe(1)
})

test('a reply that ended by itself while nobody looked is said to be on no more', async () => {
  await shown({ ...ON, to: new Date(Date.now() + 3 * MINUTE).toISOString() })
  expect(line()).toContain('Automatic reply is on until')
  await pass(4 * MINUTE)
  await comesBack()
  expect(line()).toBeUndefined()
})

test('a reply that the mail server does not send is not said to be on', async () => {
  const { reply } = await shown(ON)
  expect(line()).toBe('Automatic reply is on')
  await after(() => (reply.inactive = true))
  expect(line()).toBeUndefined()
})
