// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { flushSync } from 'svelte'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

Element.prototype.scrollIntoView = () => undefined

async function mailPage(): Promise<Drawn> {
  const server = new ModelServer()
  server.deliver({ subject: 'Pulp <b>', from: [{ name: 'Jonas', email: 'jonas@example.net' }] })
  server.deliver({ subject: 'pulp again', mailboxIds: { sent: true } })
  server.deliver({ subject: 'pulp for free', mailboxIds: { trash: true } })
  const drawn = await pageOf(server)
  ends.push(await draw(drawn, MailPage, {}))
  return drawn
}

function field(): HTMLInputElement {
  return document.querySelector<HTMLInputElement>('[role="search"] input') as HTMLInputElement
}

async function typed(text: string): Promise<void> {
  field().focus()
  await after(() => {
    field().value = text
    field().setSelectionRange(text.length, text.length)
    field().dispatchEvent(new InputEvent('input', { bubbles: true }))
  })
}

async function pressed(key: string, on: Element = field()): Promise<void> {
  await after(() => {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
    on.dispatchEvent(event)
    // jsdom submits no form by Enter.
    if (key === 'Enter' && !event.defaultPrevented) field().form?.requestSubmit()
  })
}

function options(): string[] {
  return [...document.querySelectorAll('[role="option"]')].map((one) => one.textContent.replaceAll(/\s+/g, ' ').trim())
}

function active(): string | undefined {
  const id = field().getAttribute('aria-activedescendant')
  return id === null ? undefined : document.getElementById(id)?.textContent.replaceAll(/\s+/g, ' ').trim()
}

function rows(): string[] {
  return [...document.querySelectorAll('[role="grid"] [role="row"]')].map((one) => one.textContent)
}

test('a saved search that comes while suggestions are shown is suggested', async () => {
  const { page, server } = await mailPage()
  await pressed('/', document.body)
  const before = options()
  server.interrupt = () => new Promise(() => undefined)
  const search = await page.searching.load()
  await after(() => void search.save('Paper', 'pulp'))
  expect([before, options()].map((shown) => shown.some((one) => one.includes('Paper')))).toEqual([false, true])
})

test('the key / brings the focus to the field, which suggests operators before anything is typed', async () => {
  await mailPage()
  await pressed('/', document.body)
  expect(document.activeElement).toBe(field())
  expect(field().getAttribute('role')).toBe('combobox')
  expect(field().getAttribute('aria-expanded')).toBe('true')
  expect(options()[0]).toBe('from: who wrote it')
})

test('what is typed until the page of the search is there, as on phones, is text of the search and runs no command', async () => {
  const { page } = await mailPage()
  const run = vi.spyOn(page.mail.actions, 'run')
  const opened = vi.spyOn(page.searching, 'open').mockReturnValue(new Promise(() => undefined))
  await pressed('j', document.body)
  field().disabled = true
  for (const key of ['/', 'e', '#']) await pressed(key, document.body)
  expect([opened.mock.calls.length, run.mock.calls]).toEqual([1, []])
  field().disabled = false
  await after(() => page.searching.call())
  expect(field().value).toBe('e#')
})

test('a suggestion is taken with the keys, and searched for', async () => {
  const { went } = await mailPage()
  await typed('from:jo')
  await pressed('ArrowDown')
  expect(active()).toBe('from:jonas@example.net Jonas')
  await pressed('Enter')
  expect(went).toEqual(['/mail/search?q=from%3Ajonas%40example.net'])
  expect(rows()).toHaveLength(1)
})

test('a folder that is made elsewhere meanwhile is suggested', async () => {
  const { mail, server } = await mailPage()
  await typed('in:pap')
  const before = options()
  const create = ['Mailbox/set', { create: { n: { name: 'Papier', parentId: null } } }, '0']
  server.respond('/jmap/', JSON.stringify({ methodCalls: [create] }))
  await after(() => mail.connection.tryNow())
  expect([before, options()].map((shown) => shown.some((one) => one.includes('in:Papier')))).toEqual([false, true])
})

test('the focus goes to the first row that was found, unless nothing is, or the person types on', async () => {
  await mailPage()
  await typed('pulp')
  await pressed('Enter')
  expect(document.activeElement?.closest('[role="row"]')).toBe(document.querySelector('[role="grid"] [role="row"]'))
  await typed('zebra')
  await pressed('Enter')
  expect(document.activeElement).toBe(field())
  await typed('pulp')
  field().form?.requestSubmit()
  await typed('pulp su')
  expect(document.activeElement).toBe(field())
})

test('the same search once more leads to its rows again', async () => {
  await mailPage()
  await typed('pulp')
  await pressed('Enter')
  await typed('pulp')
  await pressed('Enter')
  expect(document.activeElement?.getAttribute('role')).toBe('gridcell')
})

test('an operator is typed on after it was taken', async () => {
  const { went } = await mailPage()
  await typed('pulp su')
  await pressed('ArrowDown')
  expect(active()).toBe('subject: words in the subject')
  await pressed('Enter')
  expect([field().value, went]).toEqual(['pulp subject:', []])
})

test('arrows go through all suggestions and back to the field', async () => {
  await mailPage()
  await typed('pulp')
  await pressed('ArrowUp')
  expect(active()).toBe('Save this search')
  await pressed('ArrowDown')
  expect(active()).toBeUndefined()
})

test('each row has its folder and what was looked for, marked; Trash is one press away', async () => {
  const { went } = await mailPage()
  await typed('pulp')
  await pressed('Enter')
  expect(rows().map((text) => /In \w+/.exec(text)?.[0])).toEqual(['In Sent', 'In Inbox'])
  expect([...document.querySelectorAll('mark')].map((one) => one.textContent)).toContain('pulp')
  expect(document.querySelector('.list header')?.textContent).toContain('2 found')
  const more = [...document.querySelectorAll('button')].find((one) => one.textContent.includes('in Spam and Trash'))
  expect(more?.textContent.trim()).toBe('1 more in Spam and Trash')
  await after(() => more?.click())
  expect(went.at(-1)).toBe('/mail/search?q=pulp%20in%3Aanywhere')
  expect(rows()).toHaveLength(3)
})

test('where nothing is found no icon stands alone in place of a message', async () => {
  await mailPage()
  await typed('porcelain')
  await pressed('Enter')
  const reader = () => document.querySelector('.reader-pane .empty')
  await vi.waitFor(() => expect(document.querySelector('.list')?.textContent).toContain('Nothing matches'))
  expect([reader()?.textContent.trim(), reader()?.querySelector('svg')]).toEqual(['', null])
})

test('a conversation opens within the search, and closes to it', async () => {
  const { went, page } = await mailPage()
  await typed('pulp')
  await pressed('Enter')
  await after(() => void page.openConversation('t1'))
  expect(went.at(-1)).toBe('/mail/search/t1?q=pulp')
  expect(page.position).toBe(2)
  await after(() => void page.closeConversation())
  expect(went.at(-1)).toBe('/mail/search?q=pulp')
})

test('Escape closes the suggestions, then leaves the search', async () => {
  const { went } = await mailPage()
  await typed('pulp')
  await pressed('Enter')
  await typed('pulp a')
  await pressed('Escape')
  expect(options()).toEqual([])
  await pressed('Escape')
  expect(went.at(-1)).toBe('/mail/inbox')
  expect(field().value).toBe('')
})

test('what is no operator is told, with what it could mean', async () => {
  const { went } = await mailPage()
  await typed('form:jonas')
  expect(options()[0]).toBe('from:jonas')
  await pressed('Enter')
  expect(document.body.textContent).toContain('There is no operator “form”')
  const fix = [...document.querySelectorAll('button')].find((one) => one.textContent.includes('Did you mean'))
  await after(() => fix?.click())
  expect(went.at(-1)).toBe('/mail/search?q=from%3Ajonas')
})

test('nothing found says what was looked for, and where it was not', async () => {
  await mailPage()
  await typed('zebra')
  await pressed('Enter')
  flushSync()
  expect(document.querySelector('.rows')?.textContent.replaceAll(/\s+/g, ' ')).toContain(
    'Nothing matches zebra finds nothing in all mail, without Spam and Trash. Search there too'
  )
})
