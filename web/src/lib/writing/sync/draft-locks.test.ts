import { World } from '../../../../tests/world.ts'
import { OneTab } from '#lib/live/one-tab.ts'
import type { Ports } from '#lib/sync/ports.ts'
import { DraftLocks } from '#lib/writing/sync/draft-locks.ts'
import type { Drafts } from '#lib/writing/sync/drafts.ts'
import { afterEach, expect, test } from 'vitest'

const open = new Set<DraftLocks>()
afterEach(() => {
  open.forEach((locks) => locks.stop())
  open.clear()
})

/** A tab of one browser. Without TLS it has no locks. */
function tab(name: string, hasLocks: boolean): { locks: DraftLocks; world: World } {
  const world = new World()
  const ports: Ports = world.ports(() => Promise.reject(new TypeError('offline')), {
    locks: hasLocks ? navigator.locks : null,
    channel: (of) => new BroadcastChannel(of)
  })
  const oneTab: Drafts['oneTab'] = (id, purpose, lost) => new OneTab(`${name}-${purpose}-${id}`, ports, lost)
  const locks = new DraftLocks(ports, { name, oneTab } as unknown as Drafts)
  open.add(locks)
  return { locks, world }
}

test.each([true, false])('a free draft that is taken twice at once is had both times (locks: %s)', async (hasLocks) => {
  const { locks, world } = tab(`twice-${String(hasLocks)}`, hasLocks)
  const taken = Promise.all([locks.hold('d1'), locks.hold('d1')])
  await world.pass(1_000)
  expect([await taken, locks.holds('d1')]).toEqual([[true, true], true])
})

test.each([true, false])('the draft of another tab is had neither time (locks: %s)', async (hasLocks) => {
  const name = `another-${String(hasLocks)}`
  const [one, other] = [tab(name, hasLocks), tab(name, hasLocks)]
  const first = one.locks.hold('d1')
  await one.world.pass(1_000)
  expect(await first).toBe(true)
  const taken = Promise.all([other.locks.hold('d1'), other.locks.hold('d1')])
  await other.world.pass(100)
  await other.world.pass(1_000)
  expect([await taken, other.locks.holds('d1'), one.locks.holds('d1')]).toEqual([[false, false], false, true])
})
