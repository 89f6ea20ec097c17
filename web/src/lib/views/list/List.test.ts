// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { Row } from '#lib/state/mail.ts'
import MailPage from '#lib/views/mail/MailPage.svelte'
import { afterEach, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  vi.restoreAllMocks()
})

/** Mail 1 to mail `count`; the last one is on top. */
async function inbox(count = 5): Promise<Drawn> {
  const server = new ModelServer()
  for (let number = 1; number <= count; number += 1)
    server.deliver({ threadId: `t${number}`, subject: `Mail ${number}` })
  const drawn = await pageOf(server)
  ends.push(await draw(drawn, MailPage, {}))
  return drawn
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[role="row"]')].toSorted(
    (one, other) =>
      Number(one.ariaRowIndex ?? one.getAttribute('aria-rowindex')) - Number(other.getAttribute('aria-rowindex'))
  )
}

const subjects = () => rows().map((row) => row.querySelector('.subject')?.textContent)
const selected = () =>
  rows()
    .filter((row) => row.getAttribute('aria-selected') === 'true')
    .map((row) => row.querySelector('.subject')?.textContent)

function press(at: number, where: '.cell' | '.gutter', more: MouseEventInit = {}): Promise<void> {
  const target = rows()[at]?.querySelector(where)
  return after(() => target?.dispatchEvent(new MouseEvent('click', { bubbles: true, ...more })))
}

function key(name: string, more: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement ?? document.body
  return after(() =>
    target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }))
  )
}

function button(name: string): HTMLElement | undefined {
  const all = [...document.querySelectorAll<HTMLElement>('button')]
  return all.find((one) => (one.ariaLabel ?? one.getAttribute('aria-label') ?? one.textContent.trim()) === name)
}

test('current, open and selected are three things, and a screen reader is told each', async () => {
  const { page } = await inbox()
  await press(1, '.cell')
  await press(3, '.gutter')
  await press(0, '.cell', { ctrlKey: true })
  expect(selected()).toEqual(['Mail 5', 'Mail 2'])
  expect(rows()[1]?.getAttribute('aria-current')).toBe('true')
  expect(page.threadId).toBe('t4')
  expect(document.querySelector('[role="grid"]')?.getAttribute('aria-multiselectable')).toBe('true')
})

test('no row is current before somebody goes to one, though Tab reaches the first', async () => {
  await inbox()
  expect(rows().some((row) => row.classList.contains('current'))).toBe(false)
  expect(rows()[0]?.querySelector('.cell')?.getAttribute('tabindex')).toBe('0')
})

test('Shift and a press select all rows from the one before', async () => {
  await inbox()
  await press(1, '.gutter')
  await press(3, '.cell', { shiftKey: true })
  expect(selected()).toEqual(['Mail 4', 'Mail 3', 'Mail 2'])
})

test('the selection has a bar of its own in place of the header, and ends with Escape', async () => {
  await inbox()
  await press(1, '.gutter')
  await press(2, '.gutter')
  expect(document.querySelector('.list .count')?.textContent.trim()).toBe('2 selected')
  expect(button('Archive: 2 conversations')).toBeDefined()
  await key('Escape')
  expect(document.querySelector('.list .count')).toBeNull()
  expect(selected()).toEqual([])
})

test('the checkbox above the list keeps the focus when the bar comes and goes', async () => {
  await inbox()
  const box = () => document.querySelector<HTMLInputElement>('.list header input[type="checkbox"]')
  box()?.focus()
  await after(() => box()?.click())
  expect(selected()).toHaveLength(5)
  expect(document.activeElement).toBe(box())
  await key('Escape')
  expect(selected()).toEqual([])
  expect(document.activeElement).toBe(box())
})

test('an action on the selection hits just these, and is undone by Z', async () => {
  const { page } = await inbox()
  await press(1, '.gutter')
  await press(3, '.gutter')
  await after(() => button('Archive: 2 conversations')?.click())
  expect(subjects()).toEqual(['Mail 5', 'Mail 3', 'Mail 1'])
  expect(document.querySelector('.toast')?.textContent).toContain('2 conversations archived')
  await key('z')
  expect(subjects()).toEqual(['Mail 5', 'Mail 4', 'Mail 3', 'Mail 2', 'Mail 1'])
  expect(page.triage.isSelecting).toBe(false)
})

test('the selection stays with its conversations when new mail comes', async () => {
  const { mail, server } = await inbox()
  await press(0, '.gutter')
  server.deliver({ threadId: 'new', subject: 'New' })
  await after(() => mail.connection.tryNow())
  expect(selected()).toEqual(['Mail 5'])
  expect(subjects()).not.toContain('New')
  await after(() => button('1 new')?.click())
  expect(subjects()[0]).toBe('New')
  expect(selected()).toEqual(['Mail 5'])
})

test('another list has no selection', async () => {
  const { page } = await inbox()
  await press(0, '.gutter')
  await after(() => page.arrange({ only: 'unread' }))
  expect(page.triage.isSelecting).toBe(false)
})

test('rows do not move under the pointer, and do once it has left', async () => {
  const { mail, server } = await inbox()
  const region = document.querySelector('.region')
  await after(() => region?.dispatchEvent(new MouseEvent('pointerover', { bubbles: true })))
  server.deliver({ threadId: 'new', subject: 'New' })
  await after(() => mail.connection.tryNow())
  expect(subjects()[0]).toBe('Mail 5')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  region?.dispatchEvent(new MouseEvent('pointerleave'))
  vi.advanceTimersByTime(400)
  vi.useRealTimers()
  await after(() => undefined)
  expect(subjects()[0]).toBe('New')
})

test('the keyboard and the focus go on to the next older conversation', async () => {
  const { page } = await inbox()
  await key('ArrowDown')
  await key('j')
  await key('e')
  expect(page.cursor.current).toBe('t3')
  expect(document.activeElement?.textContent).toContain('Mail 3')
  await key('End')
  await key('#')
  expect(document.activeElement?.textContent).toContain('Mail 2')
})

test('the arrows reach the actions of a row, and lead back', async () => {
  await inbox()
  await key('ArrowDown')
  await after(() => undefined)
  await key('ArrowRight')
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Archive')
  await key('ArrowRight')
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Delete')
  await key('ArrowLeft')
  await key('ArrowLeft')
  expect(document.activeElement?.getAttribute('role')).toBe('gridcell')
})

test('a filter that finds nothing says so, and shows all again', async () => {
  const { page } = await inbox()
  await after(() => button('Filter')?.click())
  await after(() => button('Starred')?.click())
  expect(document.querySelector('.rows')?.textContent).toContain('Nothing starred')
  await after(() => button('Show all')?.click())
  expect([page.listing.only, subjects().length]).toEqual(['all', 5])
})

test('groups of days stand only in a list by date', async () => {
  const { page } = await inbox()
  expect(document.querySelectorAll('.list .heading').length).toBeGreaterThan(0)
  await after(() => page.arrange({ sort: { property: 'subject', isAscending: true } }))
  expect(document.querySelectorAll('.list .heading')).toHaveLength(0)
  expect(subjects()[0]).toBe('Mail 1')
})

test('the switch turns single keys off', async () => {
  const { page } = await inbox()
  await key('?')
  const control = document.querySelector<HTMLInputElement>('[role="switch"]')
  await after(() => control?.click())
  expect(page.preferences.chosen.singleKeys).toBe(false)
  await after(() => document.querySelector<HTMLDialogElement>('dialog[open]')?.close())
  await key('j')
  expect(page.cursor.current).toBeNull()
  page.preferences.set({ singleKeys: true })
})

test('a row whose sender looks like somebody else has a warning once it is known whom the person knows', async () => {
  const { page } = await inbox(2)
  const warned = () => rows().map((row) => row.textContent.includes('Warning: sender not confirmed'))
  expect(warned()).toEqual([false, false])
  await vi.waitFor(() => expect(page.reading.suspicions).not.toBeNull())
  const marked = (row: Row): Row => ({ ...row, warning: row.subject === 'Mail 1' })
  await after(() => (page.reading.suspicions = { marked } as never))
  expect(warned()).toEqual([false, true])
})

test('a row that is there late takes no focus from a window that was opened meanwhile', async () => {
  const { page } = await inbox()
  await press(1, '.cell')
  const window = document.body.appendChild(document.createElement('div'))
  ends.push(() => window.remove())
  window.setAttribute('role', 'dialog')
  const field = window.appendChild(document.createElement('input'))
  field.focus()
  await after(() => page.cursor.goTo('t2'))
  expect(document.activeElement).toBe(field)
  expect(rows()[3]?.classList.contains('current')).toBe(true)
})
