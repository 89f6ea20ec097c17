import { Device } from '#lib/state/device.ts'
import { Preferences } from '#lib/state/preferences.svelte.ts'
import { expect, test } from 'vitest'

function storage(text: string | null = null): Storage {
  let kept = text
  return { getItem: () => kept, setItem: (_: string, value: string) => (kept = value) } as unknown as Storage
}

test('what the person chose holds after a reload', () => {
  const device = storage()
  const before = new Preferences(new Device(() => device))
  before.set({ density: 'compact', pane: false, singleKeys: false })
  before.widen(500.4)
  const after = new Preferences(new Device(() => device))
  expect([after.density, after.pane, after.singleKeys, after.width]).toEqual(['compact', false, false, 500])
})

test('the list is never narrower than 320 or wider than 640 pixels', () => {
  const preferences = new Preferences(new Device(() => storage()))
  preferences.widen(10)
  expect(preferences.width).toBe(320)
  preferences.widen(9_000)
  expect(preferences.width).toBe(640)
})

test('what is no choice of ours counts as none', () => {
  for (const text of [
    '',
    '{',
    'null',
    '7',
    '{"density":"huge","width":5,"pane":"x","singleKeys":1}',
    '{"width":9000}'
  ]) {
    const { density, pane, width, singleKeys } = new Preferences(new Device(() => storage(text)))
    expect([density, pane, width, singleKeys]).toEqual(['comfortable', true, null, true])
  }
})
