import { afterEach, expect, test } from 'vitest'
import { settled, World } from '../../../tests/world.ts'
import { VisibleTabs } from './visible.ts'

const made: VisibleTabs[] = []
let scene = 0

afterEach(() => {
  made.splice(0).forEach((tabs) => tabs.stop())
  scene += 1
})

async function tab(visible: boolean, locks: LockManager | null = navigator.locks) {
  const world = new World()
  world.visible = visible
  const tabs = new VisibleTabs(`visible-test-${scene}`, world.ports(fetch, { locks }))
  made.push(tabs)
  await settled()
  return { world, tabs }
}

test('a hidden tab knows whether another one is visible, also when that changes', async () => {
  const [other, asking] = [await tab(true), await tab(false)]
  await tab(false)
  expect(await asking.tabs.any()).toBe(true)
  other.world.hide()
  await settled()
  expect(await asking.tabs.any()).toBe(false)
  other.world.return()
  await settled()
  expect(await asking.tabs.any()).toBe(true)
  other.tabs.stop()
  await settled()
  expect(await asking.tabs.any()).toBe(false)
})

test('a visible tab sees itself', async () => {
  expect(await (await tab(true)).tabs.any()).toBe(true)
})

test('without locks a tab knows of itself only', async () => {
  const [, asking] = [await tab(true, null), await tab(false, null)]
  expect(await asking.tabs.any()).toBe(false)
})
