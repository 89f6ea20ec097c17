import { afterEach, describe, expect, test } from 'vitest'
import { World } from '../../../tests/world.ts'
import { Leader } from './leader.ts'

interface Tab {
  leader: Leader
  world: World
  leads: boolean
  heard: unknown[]
  stop: () => void
}

/** Node's own locks and channels stand for those of a browser. */
const tabs: Tab[] = []
let scene = 0

function tab(name: string, locks: LockManager | null = navigator.locks): Tab {
  const world = new World()
  const made: Tab = { leads: false, heard: [], world, leader: undefined as never, stop: () => made.leader.stop() }
  const lead = (signal: AbortSignal): void => {
    made.leads = true
    signal.addEventListener('abort', () => {
      made.leads = false
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

test('each tab waits once, however often the lead was taken', async () => {
  const of = name()
  let requests = 0
  const counting = {
    request: (...all: Parameters<LockManager['request']>) => {
      requests += 1
      return navigator.locks.request(...all).finally(() => (requests -= 1))
    }
  } as LockManager
  const two = [tab(of, counting), tab(of, counting)]
  await until(() => leading(two).length === 1)
  for (let times = 0; times < 4; times += 1) {
    const [taker] = two.filter(({ leads }) => !leads)
    await taker?.world.pass(26_000)
    await until(() => taker?.leads === true && leading(two).length === 1)
  }
  await until(() => requests <= two.length)
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
