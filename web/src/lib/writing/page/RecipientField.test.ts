// @vitest-environment jsdom
import { ann, button, chips, input, key, press, shown, type } from '../../../../tests/shown-window.ts'
import { after } from '../../../../tests/drawn.ts'
import { expect, test, vi } from 'vitest'

// Squire needs a browser.
vi.mock('#lib/writing/page/editor.ts', () => ({}))

test('what is typed becomes a recipient by a comma, by Enter, and when the field is left', async () => {
  const { composition } = await shown()
  await type(input(), 'Ann <ann@example.org>')
  await key(input(), ',')
  await type(input(), 'bob@example.org')
  await key(input(), 'Enter')
  await type(input(), 'carol@')
  await after(() => (document.activeElement as HTMLElement).blur())
  expect(composition.draft.to.map(({ address }) => address)).toEqual(['ann@example.org', 'bob@example.org', 'carol@'])
  expect(chips()).toEqual(['Ann, ann@example.org', 'bob@example.org', 'carol@ is not an address yet'])
})

test.each([
  ['pagehide', window],
  ['visibilitychange', document]
] as const)('what is half typed is a recipient when the drafts are kept at %s', async (name, page) => {
  const kept: string[] = []
  const ends = new AbortController()
  await shown({}, ({ composition }) => {
    const keep = (): unknown => kept.push(...composition.draft.to.map(({ address }) => address))
    // As the drafts do it: they listen before a window is opened.
    page.addEventListener(name, keep, { signal: ends.signal })
  })
  await type(input(), 'bob@exa')
  await after(() => page.dispatchEvent(new Event(name)))
  ends.abort()
  expect(kept).toEqual(['bob@exa'])
})

test('Backspace goes to the last recipient, and again removes it; the arrows walk over them', async () => {
  const { composition } = await shown({ to: [ann, { name: 'Bob', address: 'bob@example.org' }] })
  await after(() => (input() as HTMLElement).focus())
  await key(input(), 'Backspace')
  expect(document.activeElement?.textContent.trim()).toBe('Bob')
  await key(document.activeElement, 'ArrowLeft')
  expect(document.activeElement?.textContent.trim()).toBe('Ann')
  await key(document.activeElement, 'Backspace')
  expect(composition.draft.to.map(({ name }) => name)).toEqual(['Bob'])
  expect(document.activeElement?.textContent.trim()).toBe('Bob')
  await key(document.activeElement, 'Backspace')
  expect(document.activeElement).toBe(input())
})

test('from right to left the recipients lie to the right of what is typed', async () => {
  await shown({ to: [ann] })
  await after(() => (input() as HTMLElement).focus())
  vi.spyOn(globalThis, 'getComputedStyle').mockReturnValue({ direction: 'rtl' } as CSSStyleDeclaration)
  await key(input(), 'ArrowLeft')
  expect(document.activeElement).toBe(input())
  await key(input(), 'ArrowRight')
  expect(document.activeElement?.textContent.trim()).toBe('Ann')
  vi.restoreAllMocks()
})

test('more than twenty recipients are folded until somebody goes there', async () => {
  const to = Array.from({ length: 23 }, (_, at) => ({ name: '', address: `p${at}@example.org` }))
  await shown({ to })
  expect([chips().length, button('and 3 more recipients')?.textContent]).toEqual([20, '+3'])
  await press('and 3 more recipients')
  expect(chips()).toHaveLength(23)
})

test('what is no address is seen, however many are folded', async () => {
  const to = Array.from({ length: 43 }, (_, at) => ({
    name: '',
    address: at === 30 ? 'broken@' : `p${at}@example.org`
  }))
  await shown({ to })
  expect([chips().length, chips().at(-1), button('and 22 more recipients')?.textContent.trim()]).toEqual([
    21,
    'broken@ is not an address yet',
    '+22'
  ])
  await press('Remove broken@')
  expect([chips().length, document.activeElement]).toEqual([42, input()])
})

test('a comma within the quotes of a name ends no recipient', async () => {
  const { composition } = await shown()
  await type(input(), '"Zoë')
  await key(input(), ',')
  expect(composition.draft.to).toEqual([])
  await type(input(), '"Zoë, Dr." <zoe@x.com>')
  await key(input(), ',')
  expect(composition.draft.to).toEqual([{ name: 'Zoë, Dr.', address: 'zoe@x.com' }])
})

test('Tab goes from To to the subject; Cc and Bcc have keys', async () => {
  await shown()
  const stops = [...document.querySelectorAll<HTMLElement>('button, input, textarea')].filter(
    (one) => one.tabIndex >= 0 && !one.hidden
  )
  const next = stops[stops.indexOf(input() as HTMLElement) + 1]
  expect(document.querySelector(`label[for="${next?.id}"]`)?.textContent).toBe('Subject')
  expect(button('Cc')?.getAttribute('aria-keyshortcuts')).toBe('Control+Shift+C')
})

test('the focus stays in the window when a recipient is removed by a press', async () => {
  await shown({ to: [ann, { name: 'Bob', address: 'bob@example.org' }] })
  for (const name of ['Remove Bob', 'Remove Ann']) {
    const close = button(name)
    close?.focus()
    await after(() => close?.click())
  }
  expect(document.activeElement).toBe(input())
})

test('people are suggested, and the field names the one that Enter takes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const { composition } = await shown(
    {},
    ({ compose }) => (compose.known = [ann, { name: 'Anton', address: 'a@b.example' }])
  )
  vi.advanceTimersByTime(500)
  vi.useRealTimers()
  await type(input(), 'an')
  await vi.waitFor(() => expect(document.querySelectorAll('[role="option"]')).toHaveLength(2))
  await key(input(), 'ArrowDown')
  const active = document.getElementById(input()?.getAttribute('aria-activedescendant') ?? '')
  expect(active?.textContent).toContain('Anton')
  await key(input(), 'Enter')
  expect(composition.draft.to.map(({ name }) => name)).toEqual(['Anton'])
})

test('who looks like somebody else is marked where they are suggested, and a draft keeps their address alone', async () => {
  const known = [ann, { name: 'Ann', address: 'ann@examp1e.org', imitates: 'Ann' }]
  const { composition } = await shown({}, ({ compose }) => (compose.known = known))
  await type(input(), 'an')
  await vi.waitFor(() =>
    expect([...document.querySelectorAll('[role="option"]')].map((one) => one.textContent.trim())).toEqual([
      'Ann ann@example.org',
      expect.stringMatching(/^Ann ann@examp1e.org\s+Looks like Ann, but is not$/)
    ])
  )
  await key(input(), 'ArrowUp')
  await key(input(), 'Enter')
  expect(composition.draft.to).toEqual([{ name: 'Ann', address: 'ann@examp1e.org' }])
})

test('a group that is chosen is all of its members; groups have no address of their own', async () => {
  const bob = { name: 'Bob', address: 'bob@example.org' }
  const known = [
    { name: 'Anglers', address: '', members: [ann, bob] },
    { name: 'Antiques', address: '', members: [bob] }
  ]
  const { composition } = await shown({}, ({ compose }) => (compose.known = known))
  await type(input(), 'an')
  await vi.waitFor(() => expect(document.querySelectorAll('[role="option"]')).toHaveLength(2))
  expect(document.querySelector('[role="option"]')?.textContent).toContain('Ann, Bob')
  await key(input(), 'Enter')
  expect(composition.draft.to).toEqual([ann, bob])
})

test('the menu of a recipient moves it to another field, as dragging does', async () => {
  const { composition } = await shown({ to: [ann] })
  await after(() => document.querySelector<HTMLElement>('.who')?.click())
  await vi.waitFor(() => expect(document.querySelector('[role="menu"]')).not.toBeNull())
  const items = [...document.querySelectorAll<HTMLElement>('[role="menuitem"]')]
  await after(() => items.find((item) => item.textContent.includes('Move to Bcc'))?.click())
  expect([composition.draft.to, composition.draft.bcc]).toEqual([[], [ann]])
})

test('a menu that the browser closes has forgotten its recipient by the time the focus leaves it', async () => {
  await shown({ to: [ann] })
  const failed = vi.fn<(event: ErrorEvent) => void>((event) => event.preventDefault())
  addEventListener('error', failed)
  await after(() => document.querySelector<HTMLElement>('.who')?.click())
  await vi.waitFor(() => expect(document.querySelector('[role="menu"]')).not.toBeNull())
  await after(() => {
    document.querySelector('[popover]')?.dispatchEvent(Object.assign(new Event('toggle'), { newState: 'closed' }))
    document.querySelector('[role="menuitem"]')?.dispatchEvent(new FocusEvent('focusout', { bubbles: true }))
  })
  removeEventListener('error', failed)
  expect([failed.mock.calls.length, document.querySelector('[role="menu"]')]).toEqual([0, null])
})
