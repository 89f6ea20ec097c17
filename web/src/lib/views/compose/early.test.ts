// @vitest-environment jsdom
/** What a person types into a window before the parts are there that can read it. */
import { after } from '../../../../tests/drawn.ts'
import { chips, input, key, press, shown, type } from '../../../../tests/shown-window.ts'
import { settled } from '../../../../tests/world.ts'
import { beforeEach, expect, test, vi } from 'vitest'

const { late, waiting, menu } = await vi.hoisted(async () => {
  const { SvelteSet } = await import('svelte/reactivity')
  const menu = { come: (): void => undefined, came: Promise.resolve() }
  menu.came = new Promise((resolve) => (menu.come = resolve))
  return { late: new SvelteSet<string>(), waiting: new Array<() => void>(), menu }
})
vi.mock('#lib/views/compose/window-parts.svelte.ts', async (load) => {
  const real = await load<typeof import('#lib/views/compose/window-parts.svelte.ts')>()
  return {
    windowParts: () => (late.has('parts') ? undefined : real.windowParts()),
    loadWindowParts: () =>
      late.has('parts') ? new Promise<void>((resolve) => waiting.push(resolve)) : real.loadWindowParts()
  }
})

vi.mock('#lib/ui/Menu.svelte', async (load) => {
  await menu.came
  return load()
})

beforeEach(() => void late.add('parts'))

const arrive = () =>
  after(() => {
    late.clear()
    waiting.splice(0).forEach((resolve) => resolve())
  })
const typed = () => (input() as HTMLInputElement).value

async function typeTwo(second: string): Promise<void> {
  await type(input(), 'ann@example.org')
  await key(input(), ',')
  await type(input(), typed() + second)
}

test('recipients that were ended are taken when the parts come, and one that is half typed is not', async () => {
  await shown()
  await typeTwo('bob@exam')
  await arrive()
  expect([chips(), typed()]).toEqual([['ann@example.org'], 'bob@exam'])
})

test('what was changed in what was ended is typed anew, and nothing is taken before it is ended', async () => {
  await shown()
  await typeTwo('')
  await type(input(), 'anna@example.org, ')
  await arrive()
  expect([chips(), typed()]).toEqual([[], 'anna@example.org, '])
})

test('who goes on to the subject leaves recipients behind', async () => {
  await shown()
  await typeTwo('bob@example.org')
  await after(() => (document.activeElement as HTMLElement).blur())
  await arrive()
  expect([chips(), typed()]).toEqual([['ann@example.org', 'bob@example.org'], ''])
})

test('who discards it meanwhile sends nothing', async () => {
  const { composition, end } = await shown()
  await typeTwo('bob@example.org')
  await key(input(), 'Enter', { ctrlKey: true })
  await after(end)
  await arrive()
  expect(composition.did).toEqual([])
})

test.each([
  ['sends', 'Enter', { ctrlKey: true }],
  ['closes the window', 'Escape', {}]
])('who %s before does so when they come, and each recipient is one', async (_, name, more) => {
  const { composition, did } = await shown()
  await typeTwo('bob@example.org')
  await key(input(), name, more)
  expect(did).toEqual([])
  await arrive()
  await vi.waitFor(() => expect(did).toEqual(['end']))
  expect(composition.draft.to.map(({ address }) => address)).toEqual(['ann@example.org', 'bob@example.org'])
})

test('Escape gives up a menu that still loads, and leaves the window open', async () => {
  late.clear()
  const { did } = await shown()
  const more = document.querySelector<HTMLElement>('.window footer [aria-haspopup="menu"][aria-label="More"]')
  more?.click()
  await settled()
  more?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
  menu.come()
  await after(() => undefined)
  expect([did, document.querySelector('[role="menu"]')]).toEqual([[], null])
})

const plan = new File(['1'], 'plan.png', { type: 'image/png' })
/** A file that is pasted, or dragged, there. */
function give(target: Element | null, type: 'paste' | 'dragover' | 'drop'): Event {
  const data = { files: [plan], types: ['Files'], getData: () => '', dropEffect: 'copy' }
  const given = { clipboardData: data, dataTransfer: data }
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), given)
  target?.dispatchEvent(event)
  return event
}

test.each(['paste', 'drop'] as const)(
  'a file whose %s comes before the parts is attached when they come',
  async (type) => {
    const { composition } = await shown()
    const subject = document.querySelector('input[id$="-subject"]')
    expect(give(subject, type).defaultPrevented).toBe(true)
    await arrive()
    expect(composition.draft.files.map(({ name }) => name)).toEqual(['plan.png'])
  }
)

test('who discards a message before its file is taken may go on', async () => {
  const { end } = await shown()
  give(input(), 'drop')
  await after(end)
  await arrive()
  expect(document.querySelector('.window')).toBeNull()
})

test('a file that is dropped beside a window does not lead away from the page', async () => {
  const { end } = await shown()
  expect(give(document.body, 'dragover')).toMatchObject({
    defaultPrevented: true,
    dataTransfer: { dropEffect: 'none' }
  })
  expect(give(document.body, 'drop').defaultPrevented).toBe(true)
  expect(give(input(), 'dragover')).toMatchObject({ defaultPrevented: true, dataTransfer: { dropEffect: 'copy' } })
  await after(end)
  expect(give(document.body, 'dragover').defaultPrevented).toBe(false)
})

test.each([
  [{ text: 'One' }, { text: 'One and two' }, 'html'],
  [{ format: 'rich', html: '<div>One</div>' }, { html: '<div>One and two</div>' }, 'text']
] as const)(
  'what was typed before a window closed is kept when another format comes after it: %j',
  async (...given) => {
    const [draft, typed, other] = given
    late.clear()
    const { composition, end } = await shown(draft)
    await press('More')
    await vi.waitFor(() => expect(document.querySelector('[role="menuitem"]')).not.toBeNull())
    await after(() => {
      document.querySelector<HTMLElement>('[role="menuitem"]')?.click()
      composition.change(typed)
      end()
    })
    await vi.waitFor(() => expect(composition.draft[other]).toContain('One and two'))
  }
)
