// @vitest-environment jsdom
import { after, draw } from '../../../../tests/drawn.ts'
import { FakeCompositions, type FakeComposition } from '../../../../tests/fake-compositions.svelte.ts'
import type { OutgoingMessage } from '#lib/writing/state/compose.ts'
import OwnWindow from '#lib/writing/page/OwnWindow.svelte'
import { afterEach, expect, test, vi } from 'vitest'

// Squire needs a browser.
vi.mock('#lib/writing/page/editor.ts', () => ({}))

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

async function opened(
  elsewhere = false,
  ready: Promise<void> = Promise.resolve(),
  missing = 0
): Promise<{ compose: FakeCompositions; composition: FakeComposition }> {
  const compose = new FakeCompositions()
  // Else it closes itself once it has nothing left to do.
  compose.unsent = 1
  const composition = compose.begin({ format: 'plain', subject: 'Pallet' })
  if (elsewhere) Object.assign(composition, { elsewhere, takeOver: () => undefined })
  let looks = 0
  compose.start = () => {
    looks += 1
    return looks > missing ? Promise.resolve(composition) : Promise.reject(new Error('no draft'))
  }
  const mail = { compose: () => ready.then(() => compose), trouble: null }
  const given = { mail, id: 'd1', mailto: null, caret: 0, onopen: () => undefined }
  ends.push(await draw(null, OwnWindow as never, given))
  return { compose, composition }
}

/** jsdom has neither. */
class Given {
  readonly files: File[] = []
  readonly types = ['Files']
  readonly items = { add: (file: File): unknown => this.files.push(file) }
  getData = (): string => ''
}
class Drag extends Event {
  readonly dataTransfer: Given | undefined
  constructor(type: string, { dataTransfer, ...how }: EventInit & { dataTransfer?: Given }) {
    super(type, how)
    this.dataTransfer = dataTransfer
  }
}

function key(target: Element | null, name: string): Promise<void> {
  const event = new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true })
  return after(() => target?.dispatchEvent(event))
}

/** Whether the browser would ask before this window is closed. */
function asks(): boolean {
  const event = new Event('beforeunload', { cancelable: true })
  dispatchEvent(event)
  return event.defaultPrevented
}

test('what another tab writes can be written in as soon as that one gives it up', async () => {
  const { composition } = await opened(true)
  expect(document.activeElement?.tagName).not.toBe('TEXTAREA')
  await after(() => (composition.elsewhere = false))
  expect(document.activeElement?.tagName).toBe('TEXTAREA')
})

test.each([
  ['its message', false],
  ['its message, and the tab that gives it up', true]
])('what is typed while it waits for %s is put in once it can be written in, in order', async (_, elsewhere) => {
  const inserted: string[] = []
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else types into fields and editors alike
  document.execCommand = (_, __, text = '') => (inserted.push(`${document.activeElement?.tagName} ${text}`), true)
  const ready = Promise.withResolvers<undefined>()
  const { composition } = await opened(elsewhere, ready.promise)
  for (const name of ['H', 'x', 'Backspace', 'i', 'Shift', ' ']) await key(document.body, name)
  await after(() => ready.resolve(undefined))
  if (elsewhere) {
    for (const name of ['B', 'o', 'b']) await key(document.activeElement, name)
    expect(inserted).toEqual([])
    await after(() => (composition.elsewhere = false))
  }
  await vi.waitFor(() => expect(inserted).toEqual([elsewhere ? 'TEXTAREA Hi Bob' : 'INPUT Hi ']))
  await key(document.body, 'x')
  expect(inserted).toHaveLength(1)
})

test('a file that is dropped while it waits for its message is attached, and does not lead away from the page', async () => {
  vi.stubGlobal('DataTransfer', Given)
  vi.stubGlobal('DragEvent', Drag)
  const ready = Promise.withResolvers<undefined>()
  const { composition } = await opened(false, ready.promise)
  const plan = new Given()
  plan.items.add(new File(['1'], 'plan.pdf'))
  const target = document.querySelector('main') ?? document.body
  const given = ['dragover', 'drop'].map(
    (type) => new Drag(type, { bubbles: true, cancelable: true, dataTransfer: plan })
  )
  given.forEach((event) => target.dispatchEvent(event))
  expect(given.map(({ defaultPrevented }) => defaultPrevented)).toEqual([true, true])
  await after(() => ready.resolve(undefined))
  await vi.waitFor(() => expect(composition.draft.files.map(({ name }) => name)).toEqual(['plan.pdf']))
  vi.unstubAllGlobals()
})

test('a draft that its other window writes a moment later is found', async () => {
  await opened(false, Promise.resolve(), 2)
  await vi.waitFor(() => expect(document.querySelector('[role=dialog]')).not.toBeNull())
})

test.each([
  ['its parts', 'compose'],
  ['what it begins with', 'start']
] as const)(
  'a window of which %s could not be loaded says so, and has what was typed once it is tried again',
  async (_, lacking) => {
    const inserted: string[] = []
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else types into fields and editors alike
    document.execCommand = (_, __, text = '') => inserted.push(text) > 0
    const compose = new FakeCompositions()
    const composition = compose.begin({ format: 'plain' })
    const away = Promise.withResolvers<never>()
    let isAway = true
    compose.start = () => (isAway && lacking === 'start' ? away.promise : Promise.resolve(composition))
    const mail = {
      compose: () => (isAway && lacking === 'compose' ? away.promise : Promise.resolve(compose)),
      trouble: null
    }
    const given = { mail, id: 'new', mailto: null, caret: 0, onopen: () => undefined }
    ends.push(await draw(null, OwnWindow as never, given))
    for (const name of ['H', 'i']) await key(document.body, name)
    await after(() => away.reject(new TypeError('not loaded')))
    const said = document.querySelector('main > p')
    expect(said?.textContent.replaceAll(/\s+/gu, ' ').trim()).toBe('Postroom is unavailable for a moment. Try again')
    isAway = false
    await after(() => said?.querySelector('button')?.click())
    await vi.waitFor(() => expect(inserted).toEqual(['Hi']))
    expect(said?.isConnected).toBe(false)
  }
)

test('a window that could not be loaded comes by itself once the network is back', async () => {
  const compose = new FakeCompositions()
  const composition = compose.begin({ format: 'plain' })
  compose.start = () => Promise.resolve(composition)
  const loads = [Promise.reject(new TypeError('not loaded')), Promise.resolve(compose)]
  const mail = { compose: () => loads.shift(), trouble: null }
  const given = { mail, id: 'd1', mailto: null, caret: 0, onopen: () => undefined }
  ends.push(await draw(null, OwnWindow as never, given))
  expect(document.querySelector('[role=dialog]')).toBeNull()
  await after(() => dispatchEvent(new Event('online')))
  await vi.waitFor(() => expect(document.querySelector('[role=dialog]')).not.toBeNull())
})

test('a draft that this device has no more is said to be gone', async () => {
  const compose = new FakeCompositions()
  compose.start = () => Promise.reject(Object.assign(new Error('no draft'), { code: 'gone' }))
  const mail = { compose: () => Promise.resolve(compose), trouble: null }
  const given = { mail, id: 'd1', mailto: null, caret: 0, onopen: () => undefined }
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  ends.push(await draw(null, OwnWindow as never, given))
  await vi.advanceTimersByTimeAsync(10_000)
  vi.useRealTimers()
  await after(() => undefined)
  expect(document.querySelector('main > p')?.textContent.trim()).toBe('This draft is not on this device any more.')
})

test('the cursor is where it was in the window that it comes from', async () => {
  const compose = new FakeCompositions()
  const composition = compose.begin({
    format: 'plain',
    text: 'Dear Ann',
    to: [{ name: 'Ann', address: 'ann@example.org' }]
  })
  compose.start = () => Promise.resolve(composition)
  const mail = { compose: () => Promise.resolve(compose), trouble: null }
  const given = { mail, id: composition.id, mailto: null, caret: 5, onopen: () => undefined }
  ends.push(await draw(null, OwnWindow as never, given))
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe('TEXTAREA'))
  expect((document.activeElement as HTMLTextAreaElement).selectionStart).toBe(5)
})

test('closing it asks only while words are kept nowhere else', async () => {
  const { composition } = await opened()
  expect(asks()).toBe(false)
  const trouble = { code: 'unknown', detail: null, retryAt: null, reference: null }
  await after(() => (composition.save = { kind: 'failed', trouble }))
  expect(asks()).toBe(true)
  await after(() => (composition.save = { kind: 'device', trouble: null }))
  expect(asks()).toBe(false)
})

test.each<[Partial<OutgoingMessage>, string, boolean]>([
  [{}, 'This message is on its way.', false],
  [{ needs: 'tab' }, 'This message is on its way. Keep this window open until it has left.', true],
  [{ needs: 'connection' }, 'This message is sent once the mail server can be reached.', false],
  [{ needs: 'session' }, 'This message is not sent until you sign in again.', false],
  [{ scheduled: true }, 'This message leaves on Saturday, 28 November 2026 at 08:00.', false]
])(
  'once it is sent with %j it says when it leaves, whether the network or the mail server is away, and asks if it holds it',
  async (values, said, asked) => {
    const { compose, composition } = await opened()
    const undo = (): Promise<null> => Promise.resolve(null)
    const at = new Date(2026, 10, 28, 8)
    const outgoing = { id: composition.id, to: [], at, needs: null, scheduled: false, undo, ...values }
    compose.outgoing = [outgoing]
    const box = document.querySelector('[role="dialog"]')
    await after(() => box?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true })))
    const text = document.querySelector('main > p')?.textContent.replaceAll(/\s+/gu, ' ').trim()
    expect([text, asks()]).toEqual([`${said} Undo`, asked])
  }
)
