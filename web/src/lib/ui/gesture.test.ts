import { directionOf, pullOf, speedOf, startsAtEdge, swipeOf, type Point } from '#lib/ui/gesture.ts'
import { expect, test } from 'vitest'

const at = (x: number, y = 0, time = 0): Point => ({ x, y, time })
const START = at(0)

test('a finger that hardly moves is a press; else the longer way decides between a swipe and a scroll', () => {
  expect(directionOf(START, at(5, 5))).toBeNull()
  expect(directionOf(START, at(20, 10))).toBe('across')
  expect(directionOf(START, at(-10, 20))).toBe('along')
})

test('a swipe is seen from 24 pixels on and armed from 96 pixels on, to either side', () => {
  expect(swipeOf(START, at(23), 0, false)).toEqual({ by: 23, to: null, armed: false })
  expect(swipeOf(START, at(24), 0, false)).toEqual({ by: 24, to: 'end', armed: false })
  expect(swipeOf(START, at(96), 0, false)).toEqual({ by: 96, to: 'end', armed: true })
  expect(swipeOf(START, at(-96), 0, false)).toEqual({ by: -96, to: 'start', armed: true })
})

test('a flick arms a shorter swipe, but not one that goes back', () => {
  expect(swipeOf(START, at(40), 0.8, false).armed).toBe(true)
  expect(swipeOf(START, at(40), -0.8, false).armed).toBe(false)
  expect(swipeOf(START, at(-40), -0.8, false).armed).toBe(true)
  expect(swipeOf(START, at(10), 2, false).armed).toBe(false)
})

test('where one reads from right to left, the end is on the left', () => {
  expect(swipeOf(START, at(-100), 0, true).to).toBe('end')
  expect(swipeOf(START, at(100), 0, true).to).toBe('start')
})

test('the speed is that of the last tenth of a second: who pauses does not flick', () => {
  expect(speedOf([at(0, 0, 0), at(50, 0, 50)])).toBe(1)
  expect(speedOf([at(0, 0, 0), at(50, 0, 50), at(50, 0, 200)])).toBe(0)
  expect(speedOf([at(0)])).toBe(0)
})

test('pulling down follows the finger by half, and never goes up', () => {
  expect(pullOf(START, at(0, 100))).toEqual({ by: 50, armed: false })
  expect(pullOf(START, at(0, 144))).toEqual({ by: 72, armed: true })
  expect(pullOf(START, at(0, -50))).toEqual({ by: 0, armed: false })
})

test('a finger that comes from beyond the screen starts at the edge where a line begins', () => {
  expect([startsAtEdge(at(23), 390, false), startsAtEdge(at(24), 390, false)]).toEqual([true, false])
  expect([startsAtEdge(at(367), 390, true), startsAtEdge(at(366), 390, true)]).toEqual([true, false])
  expect([startsAtEdge(at(380), 390, false), startsAtEdge(at(10), 390, true)]).toEqual([false, false])
})
