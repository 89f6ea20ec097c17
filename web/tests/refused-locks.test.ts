import 'fake-indexeddb/auto'
import { afterEach, expect, test } from 'vitest'
import { VisibleTabs } from '#lib/live/visible.ts'
import { ModelServer } from './model-server.ts'
import { kill, of } from './outbox-scene.ts'
import { deliver, opened, shown } from './scene.ts'
import { settled, World } from './world.ts'
import { begun, draftsOn, writing } from './writing.ts'

/** Locks that a browser refuses at once, as WebKit does while a page is left; a page that it kept comes back. */
class Refusing {
  /** how the names end that it refuses */
  refused: string | null = null
  asked = 0
  readonly locks = {
    request: (...[name, ...rest]: Parameters<LockManager['request']>): Promise<unknown> => {
      if (this.refused === null || !name.includes(this.refused)) return navigator.locks.request(name, ...rest)
      this.asked += 1
      if (this.asked > 100) throw new Error('it would never end')
      return Promise.reject(new DOMException('the page is being left', 'AbortError'))
    }
  } as LockManager
}

const channel = (name: string): BroadcastChannel => new BroadcastChannel(name)
const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
})

test('what was done while the lock of the outbox is refused is sent once it is given, and asked for once a second', async () => {
  const browser = new Refusing()
  const server = new ModelServer()
  deliver(server, 1)
  const scene = await opened(server, null, { locks: browser.locks, channel })
  ends.push(() => kill(scene))
  browser.refused = '-outbox'
  scene.mail.actions.run({ kind: 'archive' }, ['t1'])
  await scene.world.pass(10_000)
  expect(shown(scene)).toEqual([])
  expect(browser.asked).toBeGreaterThan(1)
  expect(browser.asked).toBeLessThanOrEqual(11)
  browser.refused = null
  await scene.world.pass(3_000)
  expect(of(scene, 'e1').mailboxIds).not.toHaveProperty('inbox')
})

test('a draft whose lock is refused can be written all the same', async () => {
  const browser = new Refusing()
  const scene = await writing(new ModelServer(), { locks: browser.locks, channel })
  ends.push(() => scene.mail.stop())
  browser.refused = '-write-'
  const opening = begun(scene)
  await scene.world.pass(1_000)
  expect((await opening).elsewhere).toBe(false)
  await scene.world.pass(10_000)
  expect(draftsOn(scene)).toEqual(['Dear Ann'])
})

test('a draft that is shown while its lock is refused is written here once it is given, and asked for once a second', async () => {
  const browser = new Refusing()
  const scene = await writing(new ModelServer(), { locks: browser.locks, channel })
  ends.push(() => scene.mail.stop())
  const { id } = await begun(scene)
  await scene.world.pass(1_000)
  scene.mail.stop()
  browser.refused = '-write-'
  const next = await writing(scene.server, { locks: browser.locks, channel })
  ends.push(() => next.mail.stop())
  await next.world.pass(1_000)
  const shownHere = await next.compose.start({ kind: 'kept', id })
  await next.world.pass(10_000)
  expect(shownHere.elsewhere).toBe(true)
  expect(browser.asked).toBeLessThanOrEqual(15)
  browser.refused = null
  await next.world.pass(2_000)
  expect(shownHere.elsewhere).toBe(false)
})

test('a tab whose lock is refused knows of itself only, fails at nothing, and is seen by the others when it is shown again', async () => {
  const browser = new Refusing()
  const world = (visible: boolean): World => Object.assign(new World(), { visible })
  const [hidden, visible] = [world(false), world(true)]
  const tabs = (of: World): VisibleTabs => {
    const made = new VisibleTabs(
      'refused-locks-test',
      of.ports(() => Promise.reject(new TypeError('no network')), { locks: browser.locks })
    )
    ends.push(() => made.stop())
    return made
  }
  browser.refused = 'refused-locks-test'
  const asking = tabs(hidden)
  tabs(visible)
  await settled()
  expect(await asking.any()).toBe(false)
  browser.refused = null
  visible.return()
  await settled()
  expect(await asking.any()).toBe(true)
})
