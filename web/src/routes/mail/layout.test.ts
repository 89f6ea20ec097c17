// @vitest-environment jsdom
import { after, draw } from '../../../tests/drawn.ts'
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { LazyLanguage } from '#lib/state/lazy-language.ts'
import { layer } from '#lib/ui/layers.svelte.ts'
import { createRawSnippet } from 'svelte'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { opened, type Scene } from '../../../tests/scene.ts'
import Layout from './+layout.svelte'

const went = vi.hoisted(() => vi.fn<(path: string, how?: object) => Promise<void>>(() => Promise.resolve()))
const navigated = vi.hoisted<{ done: (to: { from: null }) => void; asked: (way: object) => void }>(() => ({
  done: () => undefined,
  asked: () => undefined
}))
vi.mock('$app/navigation', () => ({
  goto: went,
  beforeNavigate: (asked: typeof navigated.asked) => (navigated.asked = asked),
  afterNavigate: (done: typeof navigated.done) => (navigated.done = done)
}))
const at = vi.hoisted<{ params: Record<string, string>; route: { id: string }; url: URL; state: object }>(() => ({
  params: { mailbox: 'inbox', thread: 't1' },
  route: { id: '/mail/[[mailbox]]/[[thread]]' },
  url: new URL('https://mail.test/mail/inbox/t1'),
  state: {}
}))
const way = await vi.hoisted(async () => {
  const { SvelteMap } = await import('svelte/reactivity')
  return new SvelteMap<'from' | 'to', { route: { id: string } }>()
})
vi.mock('$app/state', () => ({
  page: at,
  navigating: {
    get from() {
      return way.get('from') ?? null
    },
    get to() {
      return way.get('to') ?? null
    }
  }
}))

const ends: (() => void)[] = []
afterEach(() => {
  ends.splice(0).forEach((end) => end())
  went.mockClear()
  way.clear()
  globalThis.indexedDB = new IDBFactory()
})

const press = (key: string): Promise<void> =>
  after(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))

function refusing(code: string, status: number): Response {
  return Response.json({ code }, { status })
}

async function page(server: ModelServer): Promise<Scene> {
  history.replaceState(null, '', '/mail/inbox/t1')
  const scene = await opened(server)
  const children = createRawSnippet(() => ({ render: () => '<span></span>' }))
  const given = { data: { mail: scene.mail, language: new LazyLanguage() }, params: {}, children }
  ends.push(await draw(null, Layout as never, given))
  return scene
}

test.each([
  ['no session', () => refusing('no_session', 401), '/sign-in?return_to=%2Fmail%2Finbox%2Ft1'],
  ['half a session', () => refusing('session_aal2_required', 403), '/sign-in?aal=aal2&return_to=%2Fmail%2Finbox%2Ft1']
])('who opens it with %s is led to sign in, and comes back here', async (_, refusal, signIn) => {
  const server = new ModelServer()
  server.interrupt = refusal
  await page(server)
  expect(went.mock.calls).toEqual([[signIn, { replace: true }]])
  // Nobody was signed out, and there is no mailbox to be shown.
  expect(document.body.textContent.trim()).toBe('')
})

test('a session that ends while the page is open leaves it as it is, and says so', async () => {
  const server = new ModelServer()
  server.deliver({ subject: 'Boats' })
  const { mail } = await page(server)
  server.interrupt = () => refusing('no_session', 401)
  await after(() => mail.connection.tryNow())
  expect(went).not.toHaveBeenCalled()
  expect(document.body.textContent).toContain('Boats')
  expect(document.body.textContent).toContain('You were signed out.')
})

test('while nobody answers it stays, and says so', async () => {
  const server = new ModelServer()
  server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
  await page(server)
  expect(went).not.toHaveBeenCalled()
  expect(document.body.textContent).toContain('Postroom is unavailable')
})

test('an address of a folder that there is not leads to the inbox, and says so', async () => {
  at.params = { mailbox: 'Receipts' }
  await page(new ModelServer())
  expect(went.mock.calls.map(([path]) => path)).toEqual(['/mail/inbox'])
  expect(document.body.textContent).toContain('This folder does not exist any more.')
})

test('what a key opens, closes or goes to is shown until an address is reached', async () => {
  Element.prototype.scrollIntoView = () => undefined
  went.mockReturnValue(new Promise(() => undefined))
  const server = new ModelServer()
  server.deliver({ subject: 'Boats' })
  Object.assign(at.params, { mailbox: 'inbox', thread: undefined })
  await page(server)
  const heading = (): string | undefined => document.querySelector('section[aria-label="Message"] h2')?.textContent
  await press('j')
  await press('o')
  expect(heading()).toBe('Boats')
  await press('u')
  expect(heading()).toBeUndefined()
  await press('e')
  await after(() => undefined)
  expect(document.body.textContent).toContain('Conversation archived')
  await press('g')
  await press('s')
  expect(document.querySelector('h1')?.textContent).toBe('Starred')
  // The link of the inbox was pressed before: its address stands already.
  await after(() => navigated.done({ from: null }))
  expect(document.querySelector('h1')?.textContent).toBe('Inbox')
})

test.each(['/mail/settings/[[section]]', '/mail/compose/[id]', '/(account)/sign-out'])(
  'keys on the way to %s, which still loads, do nothing to the mail',
  async (id) => {
    const server = new ModelServer()
    server.deliver({ subject: 'Boats' })
    Object.assign(at.params, { mailbox: 'inbox', thread: undefined })
    await page(server)
    await press('j')
    await after(() => way.set('from', { route: at.route }).set('to', { route: { id } }))
    await press('e')
    expect(document.body.textContent).toContain('Boats')
    // It does not come, or was gone back from.
    await after(() => way.clear())
    await press('e')
    expect(document.body.textContent).toContain('Conversation archived')
  }
)

test('at a desk Back closes a dialog before it leads away', async () => {
  await page(new ModelServer())
  const dialog = document.createElement('dialog')
  document.body.append(dialog)
  ends.push(layer(dialog))
  await after(() => dialog.setAttribute('open', ''))
  const goesBack = (): number => {
    const cancel = vi.fn<() => void>()
    navigated.asked({ type: 'popstate', cancel })
    return cancel.mock.calls.length
  }
  expect([goesBack(), dialog.open]).toEqual([1, false])
  await after(() => undefined)
  expect(goesBack()).toBe(0)
})

test('Escape gives up the way to another page', async () => {
  await page(new ModelServer())
  await after(() => way.set('from', { route: at.route }).set('to', { route: { id: '/mail/settings/[[section]]' } }))
  await press('Escape')
  expect(went.mock.calls.map(([path]) => path)).toEqual(['/mail/inbox/t1'])
})

test('keys that are pressed while the person is signed out do nothing to the mail', async () => {
  vi.stubGlobal('fetch', () => new Promise(() => undefined))
  const server = new ModelServer()
  server.deliver({ subject: 'Boats' })
  await page(server)
  await press('j')
  const menu = [...document.querySelectorAll<HTMLElement>('.account .menu button')]
  await after(() => menu.find(({ textContent }) => textContent.includes('Sign out'))?.click())
  await press('e')
  expect(document.body.textContent).toContain('Boats')
  vi.unstubAllGlobals()
})

test('keys on the way to another folder are for the mail', async () => {
  const server = new ModelServer()
  server.deliver({ subject: 'Boats' })
  await page(server)
  await press('j')
  await after(() => way.set('from', { route: at.route }).set('to', { route: at.route }))
  await press('e')
  expect(document.body.textContent).toContain('Conversation archived')
})
