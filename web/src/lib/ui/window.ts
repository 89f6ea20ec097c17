/** Where the rows of a long list lie, and which of them are visible. All lengths are in CSS pixels. */

/** Browsers cap the height of an element: Chromium at 33.5 million, Firefox at about 17.9 million device pixels. */
export const MAX_HEIGHT = 5_000_000

export interface Layout {
  readonly total: number
  readonly rowHeight: number
  /** indices of the rows with a heading above them, ascending */
  readonly headings: readonly number[]
  readonly headingHeight: number
}

/** The height that all rows need, without the cap. */
export function fullHeight(layout: Layout): number {
  return layout.total * layout.rowHeight + layout.headings.length * layout.headingHeight
}

/** The top of a row; the heading above it ends there. */
export function topOf(layout: Layout, index: number): number {
  return index * layout.rowHeight + headingsUpTo(layout, index) * layout.headingHeight
}

/** The row at a height; a heading counts as part of the row below it. */
export function indexAt(layout: Layout, y: number): number {
  let [low, high] = [0, Math.max(0, layout.total - 1)]
  while (low < high) {
    const middle = (low + high) >> 1
    if (topOf(layout, middle) + layout.rowHeight > y) high = middle
    else low = middle + 1
  }
  return low
}

/** The rows from `from` to before `to` that a viewport shows, with `around` more on each side. */
export function visibleRows(
  layout: Layout,
  top: number,
  viewport: number,
  around: number
): { from: number; to: number } {
  if (layout.total === 0) return { from: 0, to: 0 }
  const from = Math.max(0, indexAt(layout, top) - around)
  return { from, to: Math.min(layout.total, indexAt(layout, top + viewport) + 1 + around) }
}

/**
 * A list beyond the cap is scrolled faster than its box: this is the height in the list that a place of the scroll bar
 * stands for.
 */
export function listTop(layout: Layout, scrollTop: number, viewport: number): number {
  const full = fullHeight(layout)
  return full <= MAX_HEIGHT ? scrollTop : scrollTop * ((full - viewport) / (MAX_HEIGHT - viewport))
}

/** The inverse of `listTop`. */
export function scrollTopFor(layout: Layout, top: number, viewport: number): number {
  const full = fullHeight(layout)
  return full <= MAX_HEIGHT ? top : top * ((MAX_HEIGHT - viewport) / (full - viewport))
}

function headingsUpTo(layout: Layout, index: number): number {
  let [low, high] = [0, layout.headings.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((layout.headings[middle] ?? Infinity) <= index) low = middle + 1
    else high = middle
  }
  return low
}
