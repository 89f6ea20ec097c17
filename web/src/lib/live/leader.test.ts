import { afterEach, describe, expect, test } from 'vitest'
import { World } from '../../../tests/world.ts'
import { Leader } from './leader.ts'

interface Tab {
  leader: Leader
  world: World
  leads: boolean
  /** how often it was told to lead, and not yet to stop, at most */
  most: number
  heard: unknown[]
  stop: () => void
}

/** Node's own locks and channels stand for those of a browser. */
const tabs: Tab[] = []
let scene = 0

function tab(name: string, locks: LockManager | null = navigator.locks): Tab {
  const world = new World()
  const stop = (): void => made.leader.stop()
  const made: Tab = { leads: false, most: 0, heard: [], world, leader: undefined as never, stop }
  const leading = new Set<AbortSignal>()
  const lead = (signal: AbortSignal): void => {
    leading.add(signal)
    made.leads = true
    made.most = Math.max(made.most, leading.size)
    signal.addEventListener('abort', () => {
      leading.delete(signal)
      made.leads = leading.size > 0
    })
  }
  const channel = (of: string): BroadcastChannel => new BroadcastChannel(of)
  made.leader = new Leader(
    name,
    { ...world.ports(fetch), locks, channel },
    { lead, heard: (message) => made.heard.push(message) }
  )
  made.leader.start()
  tabs.push(made)
  return made
}

function name(): string {
  scene += 1
  return `leader-test-${scene}`
}

afterEach(() => {
  tabs.splice(0).forEach(({ stop }) => stop())
})

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 5_000) {
      throw new Error(`waited in vain for ${holds.toString()}`)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function leading(of: readonly Tab[]): Tab[] {
  return of.filter(({ leads }) => leads)
}

describe('of three tabs', () => {
  test('one leads, and what it says reaches the others', async () => {
    const of = name()
    const three = [tab(of), tab(of), tab(of)]
    await until(() => leading(three).length === 1)
    const [leader] = leading(three)
    leader?.leader.say({ kind: 'hint' })
    const others = three.filter((one) => one !== leader)
    await until(() => others.every(({ heard }) => heard.length === 1))
    expect(others.map(({ heard }) => heard)).toEqual([[{ kind: 'hint' }], [{ kind: 'hint' }]])
    expect(leader?.heard).toEqual([])
  })

  test('the next one leads when the leader is closed', async () => {
    const of = name()
    const three = [tab(of), tab(of), tab(of)]
    await until(() => leading(three).length === 1)
    const [first] = leading(three)
    first?.stop()
    await until(() => leading(three).length === 1 && leading(three)[0] !== first)
    expect(first?.leads).toBe(false)
  })

  test('a visible one takes the lead from a leader that is frozen, and that one stops', async () => {
    const of = name()
    const frozen = tab(of)
    await until(() => frozen.leads)
    const [seen, unseen] = [tab(of), tab(of)]
    unseen.world.visible = false
    await unseen.world.pass(30_000)
    expect(frozen.leads).toBe(true)
    await seen.world.pass(30_000)
    await until(() => seen.leads && !frozen.leads)
  })

  test('nobody takes the lead from one that says that it is alive', async () => {
    const of = name()
    const alive = tab(of)
    await until(() => alive.leads)
    const seen = tab(of)
    for (let second = 0; second < 60; second += 10) {
      await Promise.all([alive.world.pass(10_000), seen.world.pass(10_000)])
    }
    expect([alive.leads, seen.leads]).toEqual([true, false])
  })
})

/** `requests`: those that wait, and those that hold the lock. */
function counted(): { requests: number; locks: LockManager } {
  const counting = {
    requests: 0,
    locks: {
      request: (...all: Parameters<LockManager['request']>) => {
        counting.requests += 1
        return navigator.locks.request(...all).finally(() => (counting.requests -= 1))
      }
    } as LockManager
  }
  return counting
}

test('each tab waits once, however often the lead was taken', async () => {
  const of = name()
  const counting = counted()
  const two = [tab(of, counting.locks), tab(of, counting.locks)]
  await until(() => leading(two).length === 1)
  for (let times = 0; times < 4; times += 1) {
    const [taker] = two.filter(({ leads }) => !leads)
    await taker?.world.pass(26_000)
    await until(() => taker?.leads === true && leading(two).length === 1)
  }
  await until(() => counting.requests <= two.length)
})

test('without locks each tab leads for itself', () => {
  const of = name()
  expect([tab(of, null).leads, tab(of, null).leads]).toEqual([true, true])
})

test('a tab that was stopped says nothing more, and raises nothing', () => {
  const one = tab(name())
  one.stop()
  expect(() => one.leader.say('late')).not.toThrow()
})

test('a lock that is refused at once, as WebKit does while a page is left, is asked for again only after a pause', async () => {
  let asked = 0
  const refusing = {
    request: () => {
      asked += 1
      if (asked > 100) throw new Error('it would never end')
      return Promise.reject(new DOMException('the page is being left', 'AbortError'))
    }
  } as unknown as LockManager
  const { world } = tab(name(), refusing)
  await until(() => asked > 0)
  await world.pass(10_000)
  expect(asked).toBeLessThanOrEqual(11)
})

test('a page that is left gives the lead to another tab, and asks for it again when the browser brings it back', async () => {
  const of = name()
  const left = tab(of)
  await until(() => left.leads)
  const other = tab(of)
  left.world.leave()
  await until(() => other.leads)
  expect(left.leads).toBe(false)
  await left.world.pass(60_000)
  expect(other.leads).toBe(true)
  left.world.return()
  other.stop()
  await until(() => left.leads)
})

test.each(['leads', 'waits'])(
  'a tab that %s waits and leads once after the browser brought it back twice in a row',
  async (does) => {
    const of = name()
    const first = does === 'waits' ? tab(of) : null
    if (first) await until(() => first.leads)
    const counting = counted()
    const back = tab(of, counting.locks)
    await until(() => (first ? counting.requests === 1 : back.leads))
    for (let times = 0; times < 2; times += 1) {
      // A page that is frozen learns only when it comes back that its request for the lock has ended.
      back.world.leave()
      back.world.return()
    }
    await back.world.pass(5_000)
    first?.stop()
    await until(() => back.leads)
    await back.world.pass(5_000)
    expect([counting.requests, back.most]).toEqual([1, 1])
  }
)

test('a lock that was taken, and is given only after the page was left, is released at once', async () => {
  const of = name()
  const frozen = tab(of)
  await until(() => frozen.leads)
  const { promise: time, resolve: give } = Promise.withResolvers<undefined>()
  const late = {
    request: async (...[lock, options, work]: Parameters<LockManager['request']>) => {
      if ('steal' in options) await time
      return navigator.locks.request(lock, options, work)
    }
  } as LockManager
  const taker = tab(of, late)
  await taker.world.pass(26_000)
  taker.world.leave()
  give(undefined)
  await until(() => !frozen.leads)
  await frozen.world.pass(2_000)
  await until(() => frozen.leads)
  expect(taker.most).toBe(0)
})
