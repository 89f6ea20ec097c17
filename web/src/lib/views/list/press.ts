/** What a press on a row of the list means. */
export interface Press {
  /** undefined for a pointer */
  readonly key?: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
}

export interface Where {
  /** on the checkbox */
  readonly onGutter: boolean
  /** by a finger */
  readonly touched: boolean
  /** conversations are selected */
  readonly selecting: boolean
}

export function meaningOf(press: Press, { onGutter, touched, selecting }: Where): 'open' | 'toggle' | 'widen' {
  if (press.key === 'Enter') return 'open'
  if (press.shiftKey) return 'widen'
  const toggles = press.key === ' ' || press.ctrlKey || press.metaKey || onGutter || (touched && selecting)
  return toggles ? 'toggle' : 'open'
}
