/** Where the focus is among the rows of the list. Rows are mounted by place: a conversation that moves changes its row. */

function cellAt(region: Element | undefined, index: number): HTMLElement | null {
  return region?.querySelector(`[aria-rowindex="${index + 1}"] [role="gridcell"]`) ?? null
}

export function focusCell(region: Element | undefined, index: number | undefined): void {
  if (index !== undefined) cellAt(region, index)?.focus({ preventScroll: true })
}

/** The focus is in the row of another conversation than the current one. */
export function isAstray(region: Element | undefined, index: number): boolean {
  const { activeElement } = document
  if (!activeElement || !region?.contains(activeElement)) return false
  const row = activeElement.closest('[aria-rowindex]')
  return row !== null && row.getAttribute('aria-rowindex') !== String(index + 1)
}

/** The arrows go into the controls of a row, along them and back. True if they did. */
export function controlsOf({ target, key }: KeyboardEvent): boolean {
  if (key !== 'ArrowRight' && key !== 'ArrowLeft') return false
  const row = target instanceof Element ? target.closest('[role="row"]') : null
  const cell = row?.querySelector<HTMLElement>('[role="gridcell"]')
  if (!row || !cell) return false
  const stops = [cell, ...row.querySelectorAll<HTMLElement>('.actions button')]
  const forward = getComputedStyle(row).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
  const at = stops.findIndex((stop) => stop === document.activeElement)
  const next = stops[at + (key === forward ? 1 : -1)]
  next?.focus()
  return next !== undefined
}

/** Whether the person has gone to no other place since, such as the search: the focus must not leave it again. */
export function isStillThere(before: Element | null): boolean {
  return document.activeElement === before || document.activeElement === document.body
}
