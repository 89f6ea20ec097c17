import { describe, expect, test } from 'vitest'
import { EMPTY, gapIn, idAt, indexOf, ofResponses, withWindow, type QueryList } from './list.ts'

function response(position: number, ids: string[], total = 1_000): Parameters<typeof withWindow>[1] {
  return { queryState: 's', canCalculateChanges: false, position, ids, total }
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `id${from + at}`)
}

function list(...windows: [number, number][]): QueryList {
  return ofResponses(windows.map(([from, to]) => response(from, ids(from, to))))
}

describe('a list with holes', () => {
  test('knows the ids of its windows by place, and none in its holes', () => {
    const holed = list([0, 50], [100, 150])
    expect(idAt(holed, 49)).toBe('id49')
    expect(idAt(holed, 50)).toBeUndefined()
    expect(idAt(holed, 100)).toBe('id100')
    expect(indexOf(holed, 'id120')).toBe(120)
    expect(indexOf(holed, 'id60')).toBeUndefined()
  })

  test('joins windows that touch or overlap', () => {
    expect(withWindow(list([0, 50], [100, 150]), response(40, ids(40, 110))).windows).toEqual([
      { from: 0, ids: ids(0, 150) }
    ])
  })

  test.each([
    [[[0, 50]], 0, 50, null],
    [[[0, 50]], 30, 80, { from: 50, to: 80 }],
    [[[50, 100]], 30, 80, { from: 30, to: 50 }],
    [
      [
        [0, 50],
        [60, 100]
      ],
      0,
      100,
      { from: 50, to: 60 }
    ],
    [[[0, 50]], 990, 1_100, { from: 990, to: 1_000 }],
    [[], 0, 50, { from: 0, to: 50 }]
  ] as const)('%j lacks of %i to %i: %j', (windows, from, to, gap) => {
    expect(gapIn(list(...windows.map(([start, end]): [number, number] => [start, end])), from, to)).toEqual(gap)
  })

  test('that is empty lacks nothing', () => {
    expect(gapIn({ ...EMPTY, total: 0 }, 0, 50)).toBeNull()
  })
})
