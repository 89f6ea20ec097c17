// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import { Settings } from '../../../../tests/settings.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

async function inbox(): Promise<Drawn> {
  const server = new ModelServer()
  for (let number = 1; number <= 4; number += 1) server.deliver({ threadId: `t${number}`, subject: `Mail ${number}` })
  const [settings, respond] = [new Settings(), server.fetch]
  const fetch: typeof respond = (input, init) =>
    input instanceof URL && input.pathname === '/api/settings'
      ? Promise.resolve(settings.respond(init))
      : respond(input, init)
  const drawn = await pageOf(Object.assign(server, { fetch }))
  ends.push(await draw(drawn, MailPage, {}))
  return drawn
}

function key(name: string, more: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement ?? document.body
  return after(() =>
    target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }))
  )
}

const field = () => document.querySelector<HTMLInputElement>('[role="combobox"]')
const options = () => [...document.querySelectorAll('[role="option"]')].map((option) => option.textContent.trim())
const listed = () => [...document.querySelectorAll('.list .subject')].map((subject) => subject.textContent).toSorted()
const toast = () => document.querySelector('.toast')?.textContent.trim() ?? ''

function type(text: string): Promise<void> {
  return after(() => {
    const input = field()
    if (!input) throw new Error('there is no field')
    input.value = text
    input.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

test('V moves to the folder that is typed; the field names the active option', async () => {
  const { mail } = await inbox()
  await key('ArrowDown')
  await key('v')
  await type('tra')
  expect(options()).toEqual(['Trash', 'New folder “tra”'])
  const active = field()?.getAttribute('aria-activedescendant')
  expect(document.getElementById(active ?? '')?.textContent).toContain('Trash')
  await after(() => field()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })))
  expect(listed()).toEqual(['Mail 1', 'Mail 2', 'Mail 3'])
  expect(toast()).toContain('Moved to Trash')
  expect([field(), mail.list?.total]).toEqual([null, 3])
})

test('the last option makes a new folder, once, and moves there', async () => {
  const { mail } = await inbox()
  const edits = await mail.mailboxes.edits()
  const create = vi.spyOn(edits, 'create')
  await key('ArrowDown')
  await key('v')
  await type('Receipts')
  await after(() => {
    const enter = (): KeyboardEvent => new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })
    field()?.dispatchEvent(enter())
    field()?.dispatchEvent(enter())
  })
  expect(create).toHaveBeenCalledOnce()
  expect(mail.mailboxes.items.map(({ name }) => name)).toContain('Receipts')
  expect(listed()).toEqual(['Mail 1', 'Mail 2', 'Mail 3'])
})

test('L adds a new label, and takes it away where it is', async () => {
  const { mail } = await inbox()
  await key('ArrowDown')
  await key('l')
  expect(document.querySelector('dialog [role="status"]')?.textContent).toBe(
    'You have no labels. Type a name to make one.'
  )
  await type('Waiting')
  await after(() => field()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })))
  expect(toast()).toContain('Label Waiting added')
  expect(mail.list?.row(0)?.labels).toHaveLength(1)
  expect(document.querySelector('.labels')?.textContent).toContain('Waiting')
  await key('l')
  expect(options()).toEqual(['Waiting on it'])
  await after(() => field()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })))
  expect(mail.list?.row(0)?.labels).toEqual([])
})

test('what a dialog was opened for is what it does, though the rows moved meanwhile', async () => {
  const { server, mail, page } = await inbox()
  await key('End')
  await key('v')
  server.deliver({ threadId: 'new', subject: 'New' })
  await after(() => mail.connection.tryNow())
  await after(() => {
    mail.list?.hold(false)
    mail.list?.atTop(true)
  })
  expect(listed()).toContain('New')
  await type('tra')
  await after(() => field()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })))
  expect(listed()).toEqual(['Mail 2', 'Mail 3', 'Mail 4', 'New'])
  expect(page.cursor.current).toBe('t2')
})

test('the menu of more actions names each with its key', async () => {
  await inbox()
  await key('ArrowDown')
  await key('.')
  const items = [...document.querySelectorAll('[role="menuitem"]')].map((item) =>
    item.textContent.replaceAll(/\s+/g, ' ')
  )
  expect(items).toContain('Archive E')
  expect(items).toContain('Mark as unread Shift+U')
})

test('deleting in Trash asks, and says how many', async () => {
  const { page } = await inbox()
  await key('ArrowDown')
  await key('#')
  await after(() => page.show('trash', undefined))
  await key('ArrowDown')
  await key('#')
  const dialog = [...document.querySelectorAll('dialog')].find((one) => one.textContent.includes('for good'))
  expect(dialog?.querySelector('h2')?.textContent).toBe('Delete 1 conversation for good?')
  expect(dialog?.querySelector('p')?.textContent).toContain('It will be removed')
  expect(document.activeElement?.textContent.trim()).toBe('Cancel')
  const buttons = [...(dialog?.querySelectorAll('button') ?? [])]
  await after(() => buttons.find((one) => one.textContent.trim() === 'Delete 1 for good')?.click())
  expect([page.mail.list?.total, page.notices.shown?.undo]).toEqual([0, null])
})
