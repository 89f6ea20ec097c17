// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { Settings } from '../../../../tests/settings.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ends: (() => void)[] = []

// eslint-disable-next-line no-restricted-globals -- what other tests collapsed
beforeEach(() => localStorage.clear())

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  vi.restoreAllMocks()
})

/** Packraum with Papier inside, three mails in the Trash. */
async function shown(settings = new Settings()): Promise<Drawn> {
  const server = new ModelServer()
  server.addMailbox({ id: 'pack', name: 'Packraum', sortOrder: 0 })
  server.addMailbox({ id: 'paper', name: 'Papier', parentId: 'pack', sortOrder: 0 })
  server.deliver()
  server.deliver({ mailboxIds: { paper: true } })
  for (let at = 0; at < 3; at += 1) server.deliver({ mailboxIds: { trash: true }, keywords: { $seen: true } })
  const plain = server.fetch
  const fetch: typeof plain = (input, init) =>
    input instanceof URL && input.pathname === '/api/settings'
      ? Promise.resolve(settings.respond(init))
      : plain(input, init)
  Object.assign(server, { fetch })
  const drawn = await pageOf(server)
  ends.push(await draw(drawn, MailPage, {}))
  return drawn
}

function items(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[role="treeitem"]')]
}

function item(name: string): HTMLElement {
  const found = items().find((one) => one.querySelector('.name')?.textContent === name)
  if (!found)
    throw new Error(
      `no ${name} among ${items()
        .map((one) => one.textContent.trim())
        .join(', ')}`
    )
  return found
}

function names(): (string | undefined)[] {
  return items().map((one) => one.querySelector('.name')?.textContent)
}

function press(key: string, more: KeyboardEventInit = {}): Promise<void> {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  return after(() => void document.activeElement?.dispatchEvent(event))
}

function focusedName(): string | undefined {
  return document.activeElement?.querySelector('.name')?.textContent
}

async function choose(name: string, text: string): Promise<void> {
  item(name).focus()
  await press('F10', { shiftKey: true })
  const found = [...document.querySelectorAll<HTMLElement>('[role="menuitem"]')]
  const one = found.find((button) => button.textContent.trim().startsWith(text))
  if (!one) throw new Error(`no ${text} among ${found.map((button) => button.textContent.trim()).join(', ')}`)
  await after(() => one.click())
}

function dialog(): HTMLDialogElement {
  const found = document.querySelector<HTMLDialogElement>('dialog[open]')
  if (!found) throw new Error('no dialog')
  return found
}

function button(text: string, within: ParentNode = document): HTMLButtonElement {
  const found = [...within.querySelectorAll('button')].find((one) => one.textContent.trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found
}

function type(text: string): Promise<void> {
  const field = dialog().querySelector('input')
  return after(() => {
    if (!field) throw new Error('no field')
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

function submit(): Promise<void> {
  return after(() => dialog().querySelector('form')?.requestSubmit())
}

function notice(): string {
  return (document.querySelector('.toast')?.textContent ?? '').replaceAll(/\s+/g, ' ').trim()
}

test('the sidebar is one stop of the keyboard, at what is shown; arrows, Home and End move in it', async () => {
  await shown()
  expect(items().filter((one) => one.tabIndex === 0)).toEqual([item('Inbox')])
  expect(item('Inbox').getAttribute('aria-current')).toBe('page')
  item('Inbox').focus()
  await press('ArrowDown')
  expect(focusedName()).toBe('Starred')
  await press('End')
  expect(focusedName()).toBe('Papier')
  await press('ArrowLeft')
  await press('ArrowLeft')
  expect([focusedName(), names().includes('Papier')]).toEqual(['Packraum', false])
  await press('ArrowRight')
  expect(item('Papier').getAttribute('aria-level')).toBe('2')
  expect(items().filter((one) => one.tabIndex === 0)).toEqual([item('Packraum')])
})

test('each entry is a link, and Enter presses it, with Ctrl for another tab', async () => {
  await shown()
  expect(item('Trash').querySelector('a')?.getAttribute('href')).toBe('/mail/trash')
  const pressed: boolean[] = []
  item('Trash')
    .querySelector('a')
    ?.addEventListener('click', (event) => {
      pressed.push(event.ctrlKey)
      event.preventDefault()
    })
  item('Trash').focus()
  await press('Enter')
  await press('Enter', { ctrlKey: true })
  expect(pressed).toEqual([false, true])
})

test('a collapsed folder tells the sum of what is in it, and stays collapsed on this device', async () => {
  await shown()
  expect(item('Packraum').textContent).not.toContain('unread')
  await after(() => item('Packraum').querySelector<HTMLElement>('.branch')?.click())
  expect(item('Packraum').textContent).toContain('1 unread')
  ends.splice(0).forEach((end) => end())
  await shown()
  expect(item('Packraum').getAttribute('aria-expanded')).toBe('false')
})

test('a folder is made by keyboard, in another one; the field tells what is wrong with a name', async () => {
  const { server } = await shown()
  await choose('Packraum', 'New folder inside')
  expect(dialog().querySelector('h2')?.textContent).toBe('New folder')
  expect(document.activeElement).toBe(dialog().querySelector('input'))
  await submit()
  expect(dialog().textContent).toContain('Give it a name.')
  await type('papier')
  await submit()
  expect(dialog().querySelector('input')?.getAttribute('aria-invalid')).toBe('true')
  expect(dialog().textContent).toContain('This name is already taken.')
  await type('Regale')
  await submit()
  expect(names().slice(-3)).toEqual(['Packraum', 'Papier', 'Regale'])
  expect(server.mailboxes().find(({ name }) => name === 'Regale')?.parentId).toBe('pack')
  expect(notice()).toBe('Folder Regale created')
  expect(document.querySelector('dialog[open]')).toBe(null)
})

test('what the server alone knows of a name is told at the field, too, and what was typed stays', async () => {
  const { server } = await shown()
  await choose('Packraum', 'Rename')
  await type('Lager')
  server.addMailbox({ id: 'other', name: 'Lager' })
  await submit()
  expect(dialog().textContent).toContain('This name is already taken.')
  expect(dialog().querySelector('input')?.value).toBe('Lager')
})

test('a folder is renamed and moved, and both are undone', async () => {
  const { server, page } = await shown()
  await choose('Papier', 'Rename')
  await type('Papier & Druck')
  await submit()
  expect(notice()).toContain('Renamed to Papier & Druck')
  await choose('Papier & Druck', 'Move')
  const select = dialog().querySelector('select')
  await after(() => {
    if (select) select.value = ''
    select?.dispatchEvent(new Event('change', { bubbles: true }))
  })
  await submit()
  const place = (): unknown => server.mailboxes().find(({ id }) => id === 'paper')
  expect(place()).toMatchObject({ name: 'Papier & Druck', parentId: null })
  await after(() => page.notices.undoLast())
  await after(() => page.notices.undoLast())
  expect(place()).toMatchObject({ name: 'Papier', parentId: 'pack' })
})

test('a folder is removed with what is inside; its mail goes to the Trash, and Cancel has the focus', async () => {
  const { server } = await shown()
  await choose('Packraum', 'Delete folder')
  expect(dialog().textContent).toContain('Delete the folder “Packraum”?')
  expect(dialog().textContent).toContain('1 folder inside will be deleted too.')
  expect(dialog().textContent).toContain('1 message will be kept')
  expect(document.activeElement).toBe(button('Cancel', dialog()))
  await after(() => button('Delete folder', dialog()).click())
  expect(server.mailboxes().map(({ name }) => name)).toEqual(['inbox', 'drafts', 'sent', 'trash'])
  expect(server.mailboxes().at(-1)?.totalEmails).toBe(4)
  await vi.waitFor(() => expect(notice()).toBe('Folder Packraum deleted'))
  expect(focusedName()).toBeDefined()
})

test('the folder that is shown is left when it is removed', async () => {
  const { page, went } = await shown()
  await after(() => page.show('paper', undefined))
  await choose('Packraum', 'Delete folder')
  await after(() => button('Delete folder', dialog()).click())
  expect(went).toEqual(['/mail/inbox'])
  expect(page.mailbox?.role).toBe('inbox')
})

test('the Trash is emptied after a question that names the number, and Cancel has the focus', async () => {
  const { server } = await shown()
  await choose('Trash', 'Empty')
  expect(dialog().querySelector('h2')?.textContent).toBe('Empty Trash?')
  expect(document.activeElement).toBe(button('Cancel', dialog()))
  await after(() => button('Delete 3 for good', dialog()).click())
  expect(server.mailboxes().find(({ id }) => id === 'trash')?.totalEmails).toBe(0)
  await vi.waitFor(() => expect(notice()).toBe('3 deleted for good'))
})

test('what a server refuses is told, and nothing is said to be done', async () => {
  const { server } = await shown()
  server.refusing = 'forbidden'
  await choose('Trash', 'Empty')
  await after(() => button('Delete 3 for good', dialog()).click())
  await vi.waitFor(() => expect(notice()).toContain('The mail server does not allow this'))
  expect(notice()).toContain('Nothing was changed.')
})

test('offline, the menu says that it needs a connection, and does nothing', async () => {
  await shown()
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  await after(() => void window.dispatchEvent(new Event('offline')))
  await choose('Packraum', 'Rename')
  expect(document.querySelector('dialog[open]')).toBe(null)
  expect(document.querySelector('[role="menuitem"]')?.textContent).toContain('This needs a connection.')
  window.dispatchEvent(new Event('online'))
})

test('a label is made, recoloured and removed without a question, and undo brings it back', async () => {
  const settings = new Settings()
  const { page, mail } = await shown(settings)
  await after(() => document.querySelector<HTMLElement>('[aria-label="New label"]')?.click())
  await type('Warten')
  await submit()
  expect(item('Warten').dataset['label']).toBe('warten')
  await choose('Warten', 'Name and colour')
  await after(() => dialog().querySelector<HTMLElement>('[value="7"]')?.click())
  await submit()
  expect(mail.labels.items).toEqual([{ keyword: 'warten', name: 'Warten', colour: 7 }])
  await choose('Warten', 'Delete label')
  expect(names()).not.toContain('Warten')
  await after(() => page.notices.undoLast())
  expect(mail.labels.items).toEqual([{ keyword: 'warten', name: 'Warten', colour: 7 }])
})

test('after a menu and a dialog the focus is where it was', async () => {
  await shown()
  item('Packraum').focus()
  await press('ContextMenu')
  expect(document.activeElement?.getAttribute('role')).toBe('menuitem')
  await press('Escape')
  expect(focusedName()).toBe('Packraum')
})
