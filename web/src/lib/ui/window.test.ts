import { fullHeight, indexAt, listTop, MAX_HEIGHT, scrollTopFor, topOf, visibleRows } from '#lib/ui/window.ts'
import { expect, test } from 'vitest'

const PLAIN = { total: 100, rowHeight: 44, headings: [], headingHeight: 28 }
const HEADED = { ...PLAIN, headings: [0, 3, 10] }
const LONG = { ...PLAIN, total: 1_000_000, rowHeight: 84 }

test('rows follow each other, with room for the headings above them', () => {
  expect(topOf(PLAIN, 5)).toBe(220)
  expect([0, 2, 3, 10].map((index) => topOf(HEADED, index))).toEqual([28, 116, 188, 524])
  expect(fullHeight(HEADED)).toBe(4484)
})

test('each height belongs to one row, a heading to the row below it', () => {
  for (let index = 0; index < 100; index++) {
    expect(indexAt(HEADED, topOf(HEADED, index))).toBe(index)
    expect(indexAt(HEADED, topOf(HEADED, index) + 43)).toBe(index)
  }
  expect(indexAt(HEADED, 165)).toBe(3)
})

test('the visible rows are mounted, with some more around them', () => {
  expect(visibleRows(PLAIN, 440, 440, 5)).toEqual({ from: 5, to: 26 })
  expect(visibleRows(PLAIN, 0, 440, 5)).toEqual({ from: 0, to: 16 })
  expect(visibleRows({ ...PLAIN, total: 0 }, 0, 440, 5)).toEqual({ from: 0, to: 0 })
  expect(visibleRows(PLAIN, 999_999, 440, 5)).toEqual({ from: 94, to: 100 })
})

test('a list beyond the greatest height of an element can be scrolled to its last row', () => {
  const end = listTop(LONG, MAX_HEIGHT - 800, 800)
  expect(visibleRows(LONG, end, 800, 0).to).toBe(1_000_000)
  expect(scrollTopFor(LONG, listTop(LONG, 1234, 800), 800)).toBeCloseTo(1234)
  expect(listTop(PLAIN, 1234, 800)).toBe(1234)
})

test('of 100,000 rows on a phone each is reachable: by the scroll bar to the last one, and row by row', () => {
  const phone = { total: 100_000, rowHeight: 84, headings: [0, 4, 90], headingHeight: 28 }
  const viewport = 700
  expect(fullHeight(phone)).toBeGreaterThan(MAX_HEIGHT)
  const end = listTop(phone, MAX_HEIGHT - viewport, viewport)
  expect(visibleRows(phone, end, viewport, 0).to).toBe(100_000)
  for (const index of [0, 1, 999, 50_000, 99_998, 99_999]) {
    const top = Math.min(topOf(phone, index), fullHeight(phone) - viewport)
    const shown = listTop(phone, scrollTopFor(phone, top, viewport), viewport)
    expect(shown).toBeCloseTo(top, 3)
    const { from, to } = visibleRows(phone, shown, viewport, 8)
    expect(index).toBeGreaterThanOrEqual(from)
    expect(index).toBeLessThan(to)
    expect(to - from).toBeLessThan(30)
  }
})
