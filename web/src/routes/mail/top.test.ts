// @vitest-environment jsdom
import '../../../tests/device.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { closeTop } from './top.ts'

function page(isSelecting: boolean, coarse = true, isListSeen = true) {
  vi.spyOn(document, 'querySelector').mockReturnValue({ checkVisibility: () => isListSeen } as Element)
  vi.stubGlobal('matchMedia', () => ({ matches: coarse }))
  // jsdom knows no popover.
  const all = (): HTMLElement[] => [...document.getElementsByTagName('dialog')].filter(({ open }) => open)
  vi.spyOn(document, 'querySelectorAll').mockImplementation(all as never)
  const end = vi.fn<() => void>()
  return { page: { triage: { isSelecting, end } } as unknown as MailPage, end }
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  document.body.innerHTML = ''
})

test('what is open last is closed first', () => {
  document.body.innerHTML = '<dialog open id="one"></dialog><dialog open id="two"></dialog>'
  const { page: at, end } = page(true)
  const open = (): string[] =>
    [...document.getElementsByTagName('dialog')].filter((one) => one.open).map(({ id }) => id)
  expect([closeTop(at), open()]).toEqual([true, ['one']])
  expect([closeTop(at), open()]).toEqual([true, []])
  expect(end).not.toHaveBeenCalled()
})

test('a selection ends where there is a finger; a mouse goes back through it', () => {
  const finger = page(true)
  expect([closeTop(finger.page), finger.end.mock.calls.length]).toEqual([true, 1])
  const mouse = page(true, false)
  expect([closeTop(mouse.page), mouse.end.mock.calls.length]).toEqual([false, 0])
  expect(closeTop(page(false).page)).toBe(false)
})

test('a selection behind a conversation, a window or the settings stays', () => {
  const behind = page(true, true, false)
  expect([closeTop(behind.page), behind.end.mock.calls.length]).toEqual([false, 0])
})
