/** What a finger does to a row, as arithmetic: lengths in CSS pixels, times in milliseconds. */

export interface Point {
  readonly x: number
  readonly y: number
  readonly time: number
}

/** From here on it is seen what the swipe would do. */
const SHOWN_FROM = 24
/** From here on it is done when the finger leaves. */
const ARMED_FROM = 96
/** A flick: pixels a millisecond, over at least the length that is seen. */
const FLICK = 0.5
/** Until then it may still become a scroll or a press. */
const SLACK = 8
/** A finger that comes from beyond the screen starts here. */
const EDGE = 24
/** Pulled down so far, the list asks for new mail. */
const PULLED_FROM = 72
/** Pulling becomes heavier: the list follows the finger by a part. */
const FOLLOWS = 0.5

export const LONG_PRESS = 500

export type Side = 'start' | 'end'

export interface Swipe {
  /** how far the row is moved from its place */
  readonly by: number
  /** to which side, in the direction of reading; null while it shows nothing */
  readonly to: Side | null
  readonly armed: boolean
}

/** Which way a finger goes; null while it has hardly moved. */
export function directionOf(from: Point, to: Point): 'across' | 'along' | null {
  const [x, y] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)]
  if (Math.max(x, y) < SLACK) return null
  return x > y ? 'across' : 'along'
}

/** `speed`: pixels a millisecond, with the sign of the direction. `rtl`: the end of a line is on the left. */
export function swipeOf(from: Point, to: Point, speed: number, rtl: boolean): Swipe {
  const by = to.x - from.x
  if (Math.abs(by) < SHOWN_FROM) return { by, to: null, armed: false }
  const flicked = speed * Math.sign(by) >= FLICK
  return { by, to: by > 0 !== rtl ? 'end' : 'start', armed: Math.abs(by) >= ARMED_FROM || flicked }
}

/** At the side where a line begins; `width`: of the screen. */
export function startsAtEdge({ x }: Point, width: number, rtl: boolean): boolean {
  return (rtl ? width - x : x) < EDGE
}

/** The speed across at the end of a way: of its last tenth of a second, so that a pause ends a flick. */
export function speedOf(way: readonly Point[]): number {
  const last = way.at(-1)
  const first = last && way.find(({ time }) => last.time - time <= 100)
  return last && first && last.time > first.time ? (last.x - first.x) / (last.time - first.time) : 0
}

export interface Pull {
  readonly by: number
  readonly armed: boolean
}

export function pullOf(from: Point, to: Point): Pull {
  const by = Math.max(0, to.y - from.y) * FOLLOWS
  return { by, armed: by >= PULLED_FROM }
}
