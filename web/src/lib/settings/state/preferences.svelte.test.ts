import { expect, test } from 'vitest'
import { DeviceStorage } from '#lib/state/device-storage.ts'
import { LIST_WIDTHS, Preferences } from '#lib/settings/state/preferences.svelte.ts'

function storage(kept: Record<string, string> = {}): Storage {
  const items = new Map(Object.entries(kept))
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value)
  } as unknown as Storage
}

test('what was chosen on this device is there for the next page', () => {
  const kept = storage()
  const device = new DeviceStorage(() => kept)
  const preferences = new Preferences(device)
  preferences.set({ density: 'compact', pane: false, theme: 'dark' })
  preferences.widen(512.4)
  const next = new Preferences(device)
  expect(next.chosen).toMatchObject({ density: 'compact', pane: false, theme: 'dark', singleKeys: true })
  expect(next.width).toBe(512)
})

test('the list is neither narrower nor wider than the design allows', () => {
  const preferences = new Preferences(new DeviceStorage(() => storage()))
  preferences.widen(10)
  expect(preferences.width).toBe(LIST_WIDTHS.least)
  preferences.widen(10_000)
  expect(preferences.width).toBe(LIST_WIDTHS.most)
})

test.each([
  '{',
  '7',
  'null',
  '[]',
  '{"density":"tiny","pane":3}',
  '{"density":["tiny",1],"pane":[3,1],"singleKeys":[null,2],"undoSeconds":["10",3]}',
  '{"density":["compact"],"pane":[false,null],"singleKeys":[false,"5"]}'
])('whatever else the device holds, such as %s, counts for nothing', (text) => {
  const { chosen } = new Preferences(new DeviceStorage(() => storage({ 'postroom-preferences': text })))
  expect(chosen).toMatchObject({ density: 'comfortable', pane: true, singleKeys: true, undoSeconds: 10 })
})

test('a device that stores nothing still takes a choice, until the page is loaded anew', () => {
  const preferences = new Preferences(
    new DeviceStorage(() => {
      throw new Error('blocked')
    })
  )
  preferences.set({ density: 'compact' })
  expect(preferences.chosen.density).toBe('compact')
})

test('a choice is later than the one it replaces, also if the clock goes back', () => {
  const preferences = new Preferences(new DeviceStorage(() => storage()))
  const ahead = Date.now() + 3_600_000
  preferences.keep({ density: ['compact', ahead], later: ['unknown here', 5] })
  preferences.set({ density: 'comfortable' })
  expect(preferences.choices).toEqual({ density: ['comfortable', ahead + 1], later: ['unknown here', 5] })
})
