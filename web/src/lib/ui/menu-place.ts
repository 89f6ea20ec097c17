/** CSS pixels between button and menu, and between menu and window */
export const GAP = 4

/**
 * Below what it is opened at, its end at the end of that, or its start at the start where `fromStart`; above it where there is too
 * little room.
 */
export function place(menu: HTMLElement, anchor: Element, fromStart: boolean): void {
  const [at, own] = [anchor.getBoundingClientRect(), menu.getBoundingClientRect()]
  const below = at.bottom + GAP
  const top = below + own.height + GAP > innerHeight ? Math.max(GAP, at.top - GAP - own.height) : below
  const rightToLeft = getComputedStyle(anchor).direction === 'rtl'
  const left = rightToLeft !== fromStart ? at.left : at.right - own.width
  menu.style.setProperty('--top', `${top}px`)
  menu.style.setProperty('--left', `${Math.max(GAP, Math.min(left, innerWidth - own.width - GAP))}px`)
}
