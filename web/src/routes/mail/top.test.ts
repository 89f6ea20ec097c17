// @vitest-environment jsdom
import '../../../tests/device.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { layer } from '#lib/ui/layers.svelte.ts'
import { afterEach, expect, test } from 'vitest'
import { closeTop, countLayers, type Device } from './top.ts'

const PHONE: Device = { hasBackEntries: true, hasFinger: true }
const DESK: Device = { hasBackEntries: false, hasFinger: false }
const ends: (() => void)[] = []

interface At {
  readonly isSelecting?: boolean
  readonly windows?: number
  readonly isShown?: boolean
  readonly away?: boolean
}

function page({ isSelecting = false, windows = 0, isShown = true, away = false }: At) {
  const did: string[] = []
  const triage = { isSelecting, end: () => void did.push('selection') }
  const writing = { covering: windows, windows: { close: () => void did.push('window') } }
  return { page: { triage, writing, cursor: { isShown }, away } as unknown as MailPage, did }
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
})

test('what was opened last is closed first, one at a time', async () => {
  const { page: at, did } = page({ isSelecting: true, windows: 1 })
  await openDialog('one')
  await openDialog('two')
  expect(countLayers(at, PHONE)).toBe(3)
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
  expect(countLayers(at, PHONE)).toBe(1)
})

test('a popover lies over the page before it is seen, and no more once it begins to close', () => {
  const popover = document.createElement('div')
  ends.push(layer(popover))
  // Browsers tell of what they have shown in a later task.
  const counted = ['open', 'closed'].map((newState) => {
    popover.dispatchEvent(Object.assign(new Event('beforetoggle'), { newState }))
    return countLayers(page({}).page, PHONE)
  })
  expect(counted).toEqual([1, 0])
})

test('a dialog that leaves the page while it is open lies over it no more', async () => {
  await openDialog('one')
  ends.pop()?.()
  expect(countLayers(page({}).page, PHONE)).toBe(0)
})

test('a selection ends where there is a finger; a mouse goes back through it', () => {
  const finger = page({ isSelecting: true })
  expect([countLayers(finger.page, PHONE), closeTop(finger.page, PHONE), finger.did]).toEqual([1, true, ['selection']])
  const mouse = page({ isSelecting: true })
  expect([countLayers(mouse.page, DESK), closeTop(mouse.page, DESK), mouse.did]).toEqual([0, false, []])
})

test.each([[{ isShown: false }], [{ away: true }]])('a selection behind %j stays', (behind) => {
  const { page: at, did } = page({ isSelecting: true, ...behind })
  expect([countLayers(at, PHONE), closeTop(at, PHONE), did]).toEqual([0, false, []])
})
