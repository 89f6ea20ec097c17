// @vitest-environment jsdom
import '../../../tests/device.ts'
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import MessageFrame from './MessageFrame.svelte'
import { keepSpare } from './spare.ts'

let version = $state(0)
let html = $state('')
let ends: (() => void)[] = []

beforeEach(() => {
  html = '<p>Hello</p>'
})

afterEach(() => {
  ends.forEach((end) => end())
  ends = []
})

/** As a message hands its HTML over: again with each change of anything else in it. */
function show(allowRemote = false): ReturnType<typeof vi.fn> {
  const onscale = vi.fn()
  const events = { onscale, onlink: vi.fn(), onhover: vi.fn(), onkey: vi.fn(), ontrouble: vi.fn() }
  const props = {
    get html() {
      return version >= 0 ? html : ''
    },
    images: new Map<string, Blob>(),
    theme: 'light' as const,
    allowRemote,
    title: 'Message from Ann',
    showQuoted: 'Show quoted text',
    blocked: 'Blocked image',
    ...events
  }
  const shown = mount(MessageFrame, { target: document.body, props })
  flushSync()
  ends.push(() => void unmount(shown))
  return onscale
}

function frames(): HTMLIFrameElement[] {
  return [...document.querySelectorAll('iframe')]
}

test('a mail that is handed over again stays in its frame', () => {
  show()
  const [first] = frames()
  version += 1
  flushSync()
  expect(frames()).toHaveLength(1)
  expect(frames()[0]).toBe(first)
})

test('another mail gets another frame', () => {
  show()
  const [first] = frames()
  html = '<p>Another</p>'
  flushSync()
  expect(frames()).toHaveLength(1)
  expect(frames()[0]).not.toBe(first)
  expect(frames()[0]?.title).toBe('Message from Ann')
})

test('a frame has its own size until it says otherwise, whatever the one before it said', () => {
  const onscale = show()
  expect(onscale.mock.calls).toEqual([[1]])
  html = '<p>Another</p>'
  flushSync()
  expect(onscale.mock.calls).toEqual([[1], [1]])
})

test('a spare frame is out of sight; one that is not ready when a mail needs it gives way to another', async () => {
  ends.push(keepSpare())
  await vi.waitFor(() => expect(frames()).toHaveLength(1))
  const [spare] = frames()
  expect([spare?.style.visibility, spare?.ariaHidden, spare?.getAttribute('sandbox')]).toEqual([
    'hidden',
    'true',
    'allow-scripts'
  ])
  show()
  expect(frames()).toHaveLength(1)
  expect(frames()[0]).not.toBe(spare)
  await vi.waitFor(() => expect(frames()).toHaveLength(2))
  expect(document.body.lastElementChild).not.toBe(spare)
  expect(document.body.lastElementChild?.ariaHidden).toBe('true')
})

test('remote pictures need another frame: the spare one waits for another mail', async () => {
  ends.push(keepSpare())
  await vi.waitFor(() => expect(frames()).toHaveLength(1))
  const [spare] = frames()
  show(true)
  expect(frames()).toHaveLength(2)
  expect(frames()[0]).toBe(spare)
})

test('the next spare frame is as wide as the mail that was opened last, which is then laid out once', async () => {
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(777)
  ends.push(keepSpare(), () => vi.restoreAllMocks())
  show(true)
  await vi.waitFor(() => expect(frames()).toHaveLength(2))
  expect(frames().find((frame) => frame.ariaHidden === 'true')?.style.width).toBe('777px')
})

test('who leaves the mail page leaves no spare frame', async () => {
  const end = keepSpare()
  await vi.waitFor(() => expect(frames()).toHaveLength(1))
  end()
  expect(frames()).toEqual([])
})
