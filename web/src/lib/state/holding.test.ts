import { Holding } from '#lib/state/holding.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function held(): { holding: Holding; said: boolean[] } {
  const said: boolean[] = []
  return { holding: new Holding((on) => said.push(on)), said }
}

test('rows are held until 400 ms after pointer and focus have both left', () => {
  const { holding, said } = held()
  holding.enter('pointer')
  holding.enter('focus')
  holding.leave('pointer')
  vi.advanceTimersByTime(1_000)
  expect(said).toEqual([true])
  holding.leave('focus')
  vi.advanceTimersByTime(399)
  expect(said).toEqual([true])
  vi.advanceTimersByTime(1)
  expect(said).toEqual([true, false])
})

test('a pointer that crosses the edge and comes back lets nothing move', () => {
  const { holding, said } = held()
  holding.enter('pointer')
  holding.leave('pointer')
  vi.advanceTimersByTime(300)
  holding.enter('pointer')
  vi.advanceTimersByTime(1_000)
  expect(said).toEqual([true])
})

test('while the person scrolls nothing is held; afterwards it is again, if the pointer is still there', () => {
  const { holding, said } = held()
  holding.enter('pointer')
  holding.scrolled()
  vi.advanceTimersByTime(100)
  holding.scrolled()
  expect(said).toEqual([true, false])
  vi.advanceTimersByTime(150)
  expect(said).toEqual([true, false, true])
})

test('who scrolls from outside of the list holds nothing', () => {
  const { holding, said } = held()
  holding.scrolled()
  vi.advanceTimersByTime(1_000)
  holding.leave('focus')
  vi.advanceTimersByTime(1_000)
  expect(said).toEqual([])
})

test('another list under the same pointer is held, too', () => {
  const { holding, said } = held()
  holding.renew()
  holding.enter('pointer')
  holding.renew()
  expect(said).toEqual([true, true])
})
