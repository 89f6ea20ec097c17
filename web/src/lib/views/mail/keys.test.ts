// @vitest-environment jsdom
/** A key hits what is selected, else what has the ring, else what is open: also when mail came while a window was open. */
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { FakeCompositions } from '../../../../tests/fake-compositions.svelte.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { Action } from '#lib/state/mail.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'

// Squire needs a browser.
vi.mock('#lib/writing/page/editor.ts', () => ({}))
vi.mock('#lib/writing/page/RichText.svelte', () => import('../../../../tests/NoText.svelte'))

beforeAll(() => import('#lib/writing/page/Docks.svelte'), 60_000)

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

type Inbox = Drawn & { compose: FakeCompositions; hit: string[] }

/** Conversations t1 to t5; the last one is on top. `hit`: what the keys acted on. */
async function inbox(): Promise<Inbox> {
  const server = new ModelServer()
  for (let number = 1; number <= 5; number += 1) server.deliver({ threadId: `t${number}`, subject: `Mail ${number}` })
  const drawn = await pageOf(server)
  const compose = new FakeCompositions()
  drawn.page.writing.compose = compose
  const hit: string[] = []
  const { actions } = drawn.mail
  const run = actions.run.bind(actions)
  actions.run = (action: Action, threadIds: readonly string[]) => {
    hit.push(`${action.kind} ${threadIds.join(' ')}`)
    return run(action, threadIds)
  }
  ends.push(await draw(drawn, MailPage, {}))
  return { ...drawn, compose, hit }
}

const cell = (threadId: string) => document.querySelector<HTMLElement>(`[data-thread="${threadId}"] [role="gridcell"]`)

const key = (name: string, more: KeyboardEventInit = {}) =>
  after(() => {
    const target = document.activeElement ?? document.body
    target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }))
  })

/** As a person does. */
const open = (threadId: string) =>
  after(() => {
    cell(threadId)?.dispatchEvent(new Event('pointerdown', { bubbles: true }))
    cell(threadId)?.focus()
    cell(threadId)?.click()
  })

async function arrives({ server, mail }: Drawn, threadId: string): Promise<void> {
  server.deliver({ threadId })
  await after(() => mail.connection.tryNow())
  // The rows were held in their places.
  await after(() => mail.list?.hold(false))
}

async function leaves({ server, mail }: Drawn, emailId: string): Promise<void> {
  server.update(emailId, { mailboxIds: { archive: true } })
  await after(() => mail.connection.tryNow())
  await after(() => mail.list?.hold(false))
}

const ring = () => document.activeElement?.closest<HTMLElement>('[data-thread]')?.dataset['thread']

const ENDINGS: [string, (scene: Inbox) => Promise<void>][] = [
  ['closed', () => key('Escape')],
  ['sent', () => key('Enter', { ctrlKey: true })],
  ['discarded', () => after(() => document.querySelector<HTMLElement>('[aria-label="Discard draft"]')?.click())]
]

test.each(ENDINGS)('after a reply is %s, keys act on the conversation that it came from', async (_, end) => {
  const scene = await inbox()
  await open('t3')
  await key('r')
  expect(document.activeElement?.closest('.window')).not.toBeNull()
  await arrives(scene, 't6')
  await end(scene)
  expect(document.querySelector('.window')).toBeNull()
  await key('s')
  expect([ring(), scene.page.threadId, scene.hit]).toEqual(['t3', 't3', ['star t3']])
})

test('after the keys are looked up, they act on the conversation where the keyboard was', async () => {
  const scene = await inbox()
  await open('t3')
  await key('?')
  await after(() => document.querySelector<HTMLElement>('dialog[open] button')?.focus())
  await arrives(scene, 't6')
  await after(() => document.querySelector<HTMLDialogElement>('dialog[open]')?.close())
  await key('#')
  expect(scene.hit).toEqual(['delete t3'])
})

test('what is moved is what the dialog was asked about, although it left the list meanwhile', async () => {
  const scene = await inbox()
  await after(() => cell('t3')?.focus())
  await key('v')
  await leaves(scene, 'e3')
  await after(() => {
    const option = [...document.querySelectorAll<HTMLElement>('[role="option"]')]
    option.find(({ textContent }) => textContent.includes('Trash'))?.click()
  })
  expect(scene.hit).toEqual(['delete t3'])
})

test('keys act on the open conversation, although it left the list while a reply was written', async () => {
  const scene = await inbox()
  await open('t3')
  await key('r')
  await leaves(scene, 'e3')
  await key('Escape')
  await key('s')
  expect([ring(), scene.hit]).toEqual([undefined, ['star t3']])
  await key('j')
  expect(ring()).toBe('t2')
})

test('in a list that is shown again, the ring stays where the keyboard is when a conversation comes back', async () => {
  const scene = await inbox()
  scene.server.deliver({ threadId: 'old', mailboxIds: { trash: true } })
  await after(() => void scene.page.openPlace('trash'))
  await after(() => void scene.page.openPlace('inbox'))
  await after(() => cell('t3')?.focus())
  await key('e')
  expect([ring(), scene.page.cursor.current]).toEqual(['t2', 't2'])
  await key('z')
  expect([ring(), scene.page.cursor.current]).toEqual(['t2', 't2'])
})

test.each([
  ['k', 't4'],
  ['j', 't2']
])('the first %s from an open conversation moves, although mail came meanwhile', async (name, to) => {
  const scene = await inbox()
  await open('t3')
  await after(() => document.querySelector<HTMLElement>('.reader-pane h2')?.focus())
  expect(ring()).toBeUndefined()
  await arrives(scene, 't6')
  await key(name)
  expect([ring(), scene.page.cursor.current]).toEqual([to, to])
})

test.each(['Enter', ' '])(
  '%j in a row, pressed for a conversation that has left since, is not about the next one',
  async (name) => {
    const scene = await inbox()
    await after(() => cell('t3')?.focus())
    await leaves(scene, 'e3')
    expect(ring()).toBe('t2')
    await after(() => {
      const pressed = new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true })
      cell('t2')?.dispatchEvent(Object.defineProperty(pressed, 'timeStamp', { value: 0 }))
    })
    expect([scene.page.threadId, scene.page.triage.isSelecting]).toEqual([undefined, false])
    await key('Enter')
    expect(scene.page.threadId).toBe('t2')
  }
)

test('who went elsewhere while a message is sent stays there', async () => {
  const scene = await inbox()
  await open('t3')
  await key('r')
  const field = document.querySelector<HTMLElement>('[role="search"] input')
  await after(() => {
    void key('Enter', { ctrlKey: true })
    field?.focus()
  })
  expect(scene.compose.open).toEqual([])
  expect(document.activeElement).toBe(field)
})

test('behind a dialog no key acts, wherever the focus is', async () => {
  const scene = await inbox()
  await open('t3')
  await key('?')
  await after(() => (document.activeElement as HTMLElement).blur())
  await key('#')
  expect(scene.hit).toEqual([])
})

/** The mail server refused a message whose window was closed. */
async function refused({ compose }: Inbox): Promise<void> {
  await after(() => {
    const composition = compose.begin({ subject: 'Offer', to: [{ name: '', address: 'bob@example.org' }] })
    composition.trouble = { code: 'forbiddenToSend', retryAt: null, reference: null }
    compose.outcome = { kind: 'not_sent', composition }
  })
}

test('a message that was refused opens its window, and takes no key from who is in the list', async () => {
  const scene = await inbox()
  await open('t3')
  await refused(scene)
  expect(document.querySelector('.place:not([hidden]) .window [role="alert"]')?.textContent).toContain('Not sent.')
  expect(ring()).toBe('t3')
  await key('s')
  expect(scene.hit).toEqual(['star t3'])
})

test('a message that was refused waits among the tabs while the person writes another one', async () => {
  const scene = await inbox()
  await key('c')
  const field = document.activeElement
  expect(field?.closest('.place:not([hidden])')).not.toBeNull()
  await refused(scene)
  expect([document.activeElement, field?.closest('.place[hidden]')]).toEqual([field, null])
  expect(document.querySelector('.tabs .attention')?.textContent).toContain('Offer')
})

test('whoever turns to the reader means what it shows, wherever the keyboard was in the list', async () => {
  const drawn = await inbox()
  await open('t3')
  drawn.page.cursor.current = 't5'
  await after(() => document.querySelector<HTMLElement>('.reader button')?.focus())
  expect(drawn.page.cursor.current).toBe('t3')
})

test('a key that something in the page has used does nothing else', async () => {
  const { hit } = await inbox()
  await open('t3')
  const own = document.querySelector('h1')
  own?.addEventListener('keydown', (event) => event.preventDefault())
  own?.focus()
  await key('e')
  expect([document.activeElement, hit]).toEqual([own, []])
})

test('the arrows scroll what is read, and move nothing in the list', async () => {
  const { page } = await inbox()
  await open('t3')
  await after(() => (document.activeElement as HTMLElement).blur())
  await key('ArrowDown')
  expect([page.threadId, page.cursor.current]).toEqual(['t3', 't3'])
})

test('F6 leads out of no dialog', async () => {
  await inbox()
  const dialog = Object.assign(document.createElement('dialog'), { open: true, innerHTML: '<button></button>' })
  document.body.append(dialog)
  ends.push(() => dialog.remove())
  const button = dialog.querySelector('button')
  button?.focus()
  await key('F6')
  expect(document.activeElement).toBe(button)
})
