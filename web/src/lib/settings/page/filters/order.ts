/** The order in which filters are asked. */

export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const item = list[from]
  const place = Math.max(0, Math.min(to, list.length - 1))
  if (item === undefined || place === from) return list
  return list.toSpliced(from, 1).toSpliced(place, 0, item)
}

/** Where a key moves the filter at the place `at`; null: nowhere. */
export function placeFor(key: string, at: number, count: number): number | null {
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: count - 1 }[key]
  return to === undefined || to < 0 || to >= count || to === at ? null : to
}

/** Where a row is dropped: behind all whose middle is above the pointer. `middles`: of the other rows, in their order. */
export function dropPlace(pointer: number, middles: readonly number[]): number {
  return middles.filter((middle) => middle < pointer).length
}
