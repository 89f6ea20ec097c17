// @vitest-environment jsdom
import '../../../tests/device.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { layer } from '#lib/ui/layers.svelte.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { closeTop, countTop, type Device } from './top.ts'

const PHONE: Device = { isPhone: true, hasFinger: true, isWide: false }
const DESK: Device = { isPhone: false, hasFinger: false, isWide: true }
const ends: (() => void)[] = []

interface At {
  readonly isSelecting?: boolean
  readonly windows?: number
  readonly threadId?: string
  readonly away?: boolean
}

function page({ isSelecting = false, windows = 0, threadId, away = false }: At) {
  const did: string[] = []
  const triage = { isSelecting, end: () => void did.push('selection') }
  const writing = { windows: { covering: windows, close: () => void did.push('window') } }
  const preferences = { chosen: { pane: true } }
  return { page: { triage, writing, threadId, away, preferences } as unknown as MailPage, did }
}

async function openDialog(name: string): Promise<void> {
  const dialog = document.createElement('dialog')
  dialog.id = name
  document.body.append(dialog)
  ends.push(layer(dialog))
  dialog.setAttribute('open', '')
  await Promise.resolve()
}

const dialogs = (): string[] => [...document.querySelectorAll('dialog[open]')].map(({ id }) => id)

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  document.body.innerHTML = ''
  vi.restoreAllMocks()
})

test('what was opened last is closed first, one at a time', async () => {
  HTMLDialogElement.prototype.close = function () {
    this.removeAttribute('open')
  }
  const { page: at, did } = page({ isSelecting: true, windows: 1 })
  await openDialog('one')
  await openDialog('two')
  expect(countTop(at, PHONE)).toBe(3)
  const seen: unknown[] = []
  for (let press = 0; press < 3; press++) {
    seen.push([closeTop(at, PHONE), dialogs(), [...did]])
    await Promise.resolve()
  }
  expect(seen).toEqual([
    [true, ['one'], []],
    [true, [], []],
    [true, [], ['window']]
  ])
  expect(countTop(at, PHONE)).toBe(1)
})

test('a dialog that leaves the page while it is open lies over it no more', async () => {
  await openDialog('one')
  ends.pop()?.()
  expect(countTop(page({}).page, PHONE)).toBe(0)
})

test('a selection ends where there is a finger; a mouse goes back through it', () => {
  const finger = page({ isSelecting: true })
  expect([countTop(finger.page, PHONE), closeTop(finger.page, PHONE), finger.did]).toEqual([1, true, ['selection']])
  const mouse = page({ isSelecting: true })
  expect([countTop(mouse.page, DESK), closeTop(mouse.page, DESK), mouse.did]).toEqual([0, false, []])
})

test.each([[{ threadId: 't1' }], [{ away: true }]])('a selection behind %j stays', (behind) => {
  const { page: at, did } = page({ isSelecting: true, ...behind })
  expect([countTop(at, PHONE), closeTop(at, PHONE), did]).toEqual([0, false, []])
})

test('a selection beside a conversation is in sight', () => {
  const beside = page({ isSelecting: true, threadId: 't1' })
  expect(countTop(beside.page, { ...PHONE, isWide: true })).toBe(1)
})
