import { EarlyKeys } from '#lib/state/early-keys.ts'
import type { Compose, Start } from '#lib/writing/state/compose.ts'
import type { Mail } from '#lib/state/mail.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { Writing } from '#lib/writing/state/writing.svelte.ts'
import { words } from '#lib/words/en.ts'
import { expect, test, vi } from 'vitest'

test('a button that is pressed twice while the window loads opens one; once it is there, another', async () => {
  const started: Start[] = []
  const coming: (() => void)[] = []
  const compose = {
    open: [],
    start: (start: Start) => {
      started.push(start)
      return new Promise((resolve) => coming.push(() => resolve({})))
    }
  } as unknown as Compose
  const writing = new Writing(
    { compose: () => Promise.resolve(compose) } as unknown as Mail,
    new Notices(),
    new EarlyKeys()
  )
  const message = { id: 'm1' } as never
  const [first, second] = [writing.start({ kind: 'reply', message }), writing.start({ kind: 'reply', message })]
  const other = writing.start({ kind: 'replyAll', message })
  const to = [{ name: '', address: 'ann@example.org' }]
  const others = [other, writing.start({ kind: 'new', to }), writing.start({ kind: 'new' })]
  await second
  await Promise.resolve()
  expect(started.map(({ kind }) => kind)).toEqual(['reply', 'replyAll', 'new', 'new'])
  coming.forEach((come) => come())
  await Promise.all([first, ...others])
  const third = writing.start({ kind: 'reply', message })
  await Promise.resolve()
  coming.at(-1)?.()
  await third
  expect(started).toHaveLength(5)
})

test('Escape gives up a window that still loads; asked for again, it opens', async () => {
  const coming: (() => void)[] = []
  const close = vi.fn()
  const compose = {
    open: [],
    start: () => new Promise((resolve) => coming.push(() => resolve({ close })))
  } as unknown as Compose
  const early = new EarlyKeys()
  const writing = new Writing({ compose: () => Promise.resolve(compose) } as unknown as Mail, new Notices(), early)
  const first = writing.start({ kind: 'new' })
  await Promise.resolve()
  expect([early.keeps('x'), early.keeps('Escape'), early.keeps('x')]).toEqual([true, true, false])
  const second = writing.start({ kind: 'new' })
  await vi.waitFor(() => expect(coming).toHaveLength(2))
  coming[0]?.()
  await first
  expect([close.mock.calls.length, writing.wanted]).toEqual([1, null])
  coming[1]?.()
  await second
  expect([close.mock.calls.length, writing.wanted !== null, early.take()]).toEqual([1, true, ''])
})

test('what was typed for a window that could not be loaded is there when it is tried again', async () => {
  const compose = { open: [], start: () => Promise.resolve({}) } as unknown as Compose
  const [notices, early] = [new Notices(), new EarlyKeys()]
  let load = (): Promise<Compose> => Promise.reject(new TypeError('Failed to fetch'))
  const writing = new Writing({ compose: () => load() } as unknown as Mail, notices, early)
  const first = writing.start({ kind: 'new' })
  early.keeps('a')
  vi.stubGlobal('navigator', { onLine: true })
  await first
  expect((notices.shown?.text as (..._: unknown[]) => string)(null, words.mail)).toBe(words.mail.reader.partMissing)
  load = () => Promise.resolve(compose)
  notices.shown?.again?.()
  await vi.waitFor(() => expect(writing.wanted).not.toBeNull())
  early.keeps('n')
  expect(early.take()).toBe('an')
  vi.unstubAllGlobals()
})

test('no window covers the page once it is known that none is open again', async () => {
  const compose = { open: new Array<object>(), isResumed: false }
  const mail = { compose: () => Promise.resolve(compose) } as unknown as Mail
  const writing = new Writing(mail, new Notices(), new EarlyKeys())
  const covering = [writing.covering]
  await writing.load()
  covering.push(writing.covering)
  compose.isResumed = true
  covering.push(writing.covering)
  // The parts of its window still load.
  compose.open.push({})
  covering.push(writing.covering)
  writing.windows = { covering: 1, close: () => undefined }
  expect([...covering, writing.covering]).toEqual([null, null, 0, null, 1])
})
