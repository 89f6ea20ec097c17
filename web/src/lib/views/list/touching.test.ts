// @vitest-environment jsdom
/** Fingers on the list before, while and after what follows them loads. */
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { device } from '../../../../tests/device.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** Parts of the page load once they may. */
const network = vi.hoisted(() => ({ waiting: [] as (() => void)[] }))
vi.mock('#lib/ui/late-part.ts', () => ({
  latePart: async <T>(load: () => Promise<T>): Promise<T> => {
    await new Promise<void>((resolve) => network.waiting.push(resolve))
    return load()
  }
}))

let leave = (): void => undefined
/** However long the machine takes: how old a touch is decides what it does. */
let now = 0
beforeEach(() => {
  device.phone = true
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  leave()
  network.waiting = []
  device.phone = false
  vi.restoreAllMocks()
})

/** Five conversations on a phone; nothing but the list has loaded. */
async function inbox(): Promise<Drawn> {
  const server = new ModelServer()
  for (let number = 1; number <= 5; number += 1) server.deliver({ threadId: `t${number}`, subject: `Mail ${number}` })
  const drawn = await pageOf(server)
  leave = await draw(drawn, MailPage, {})
  // They are asked for once the list is painted.
  await vi.waitFor(() => expect(network.waiting).not.toEqual([]))
  return drawn
}

const partsLoad = (): Promise<void> => after(() => network.waiting.splice(0).forEach((load) => load()))

function rowOf(subject: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>('[data-thread]')].find((row) => row.textContent.includes(subject))
}

/** `others`: fingers that stay on the screen. */
function touch(
  kind: 'start' | 'move' | 'end',
  subject: string,
  x: number,
  y = 300,
  others: readonly object[] = []
): void {
  const event = new Event(`touch${kind}`, { bubbles: true })
  Object.assign(event, { touches: kind === 'end' ? others : [{ clientX: x, clientY: y }] })
  // That of jsdom counts from another moment.
  Object.defineProperty(event, 'timeStamp', { value: now })
  rowOf(subject)?.dispatchEvent(event)
}

test('a finger that is down when what follows it has loaded is followed from where it began', async () => {
  const { page } = await inbox()
  touch('start', 'Mail 3', 6)
  touch('move', 'Mail 3', 100)
  await partsLoad()
  touch('move', 'Mail 3', 120)
  expect(page.drawer).toBe(false)
  await after(() => touch('end', 'Mail 3', 120))
  expect(page.drawer).toBe(true)
})

test('a swipe that ended just before is done', async () => {
  await inbox()
  touch('start', 'Mail 3', 100)
  touch('move', 'Mail 3', 110)
  touch('move', 'Mail 3', 300)
  touch('end', 'Mail 3', 300)
  expect(rowOf('Mail 3')).toBeDefined()
  await partsLoad()
  expect([rowOf('Mail 3'), rowOf('Mail 4') !== undefined]).toEqual([undefined, true])
})

test('a swipe that was tried again, because nothing was seen of the first one, is done once', async () => {
  const { page } = await inbox()
  page.preferences.set({ swipeEnd: 'star' })
  for (let time = 1; time <= 2; time += 1) {
    touch('start', 'Mail 3', 100)
    touch('move', 'Mail 3', 300)
    touch('end', 'Mail 3', 300)
  }
  await partsLoad()
  page.preferences.set({ swipeEnd: 'archive' })
  expect(page.mail.list?.row(2)?.starred).toBe(true)
})

test.each([
  { fingers: 'no other finger', others: [] },
  { fingers: 'another finger', others: [{}] }
])('a swipe that ended long before, with $fingers on the screen, is not done', async ({ others }) => {
  await inbox()
  touch('start', 'Mail 3', 100)
  touch('move', 'Mail 3', 300)
  touch('end', 'Mail 3', 300, 300, others)
  now += 5_000
  await partsLoad()
  expect(rowOf('Mail 3')).toBeDefined()
})

test('no gesture is done in a list that was left before it could be followed', async () => {
  const { page } = await inbox()
  touch('start', 'Mail 3', 6)
  touch('move', 'Mail 3', 200)
  touch('end', 'Mail 3', 200)
  leave()
  leave = () => undefined
  await partsLoad()
  expect(page.drawer).toBe(false)
})
