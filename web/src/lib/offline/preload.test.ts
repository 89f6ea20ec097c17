import { expect, test } from 'vitest'
import { choosePreload } from './preload.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0'
const CHROMIUM = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'

/** As a worker before this left it. */
function left(isOn: boolean): { isOn: boolean; manager: NavigationPreloadManager } {
  const state = { isOn, manager: {} as NavigationPreloadManager }
  const sets = (to: boolean) => (): Promise<void> => {
    state.isOn = to
    return Promise.resolve()
  }
  Object.assign(state.manager, { enable: sets(true), disable: sets(false) })
  return state
}

test.each([
  ['Firefox', FIREFOX, false],
  ['Chromium', CHROMIUM, true]
])('what %s asks for early is chosen anew, whatever was chosen before', async (_, userAgent, isOn) => {
  for (const before of [true, false]) {
    const state = left(before)
    await choosePreload(state.manager, userAgent)
    expect(state.isOn).toBe(isOn)
  }
})

test('a browser that cannot, or fails at it, has its worker all the same', async () => {
  await choosePreload(undefined, CHROMIUM)
  const failing = { enable: () => Promise.reject(new DOMException('no worker', 'InvalidStateError')) }
  await choosePreload(failing as unknown as NavigationPreloadManager, CHROMIUM)
})
