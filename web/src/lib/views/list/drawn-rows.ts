/** The rows of the list in the page, where the focus is among them, and the controls of a row. */
import type { DrawnRows, Shown } from '#lib/state/row-focus.ts'
import { threadAt } from '#lib/views/list/touch.ts'

export function focusCell(region: Element | undefined, index: number | undefined): void {
  if (index === undefined) return
  region?.querySelector<HTMLElement>(`[aria-rowindex="${index + 1}"] [role="gridcell"]`)?.focus({ preventScroll: true })
}

/** The row in which something is. */
export function rowAt(target: EventTarget | null): Shown | null {
  const threadId = threadAt(target)
  const row = target instanceof Element ? target.closest('[aria-rowindex]') : null
  return row && threadId !== undefined ? { index: Number(row.getAttribute('aria-rowindex')) - 1, threadId } : null
}

export function drawnRows(region: () => Element | undefined): DrawnRows {
  return {
    get focused() {
      const { activeElement } = document
      return region()?.contains(activeElement) ? rowAt(activeElement)?.index : undefined
    },
    get isLost() {
      return document.activeElement === document.body
    },
    focus: (index) => focusCell(region(), index),
    leave: focusHeading
  }
}

/** Of the open conversation, else of the list: what is not shown takes no focus. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>('main > h1')?.focus()
  document.querySelector<HTMLElement>('.reader-pane h2')?.focus()
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

/** Whether the focus may go to the row that a key led to. That row may be there late: the person has gone to no other place since,
 * such as the search or a window. */
export function isStillThere(before: Element | null): boolean {
  const { activeElement } = document
  return activeElement === document.body || (activeElement === before && !isInDialog())
}

/** Whoever writes in a window, or answers a dialog, keeps the focus: what is there late takes none from them. */
export function isInDialog(): boolean {
  return Boolean(document.activeElement?.closest('dialog, [role="dialog"]'))
}
