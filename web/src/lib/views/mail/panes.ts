/** The panes in the order of the keyboard, each with what takes the focus in it: the first that is there. */
const PANES: readonly (readonly [pane: string, ...stops: string[]])[] = [
  ['.side', '.side [role="treeitem"][tabindex="0"]', '.side button'],
  ['.list-pane', '.list-pane [role="gridcell"][tabindex="0"]', '.list-pane button'],
  ['.reader-pane', '.reader-pane h2'],
  ['.dock', '.place:not([hidden]) .window', '.dock button']
]

/** A focus that is in no pane counts as before the list. */
const NOWHERE = 0

/** Move the focus to the next pane, or to the previous one (`by` is -1). What is hidden cannot take it. */
export function goToPane(by: 1 | -1): boolean {
  const inside = PANES.findIndex(([pane]) => document.querySelector(pane)?.contains(document.activeElement))
  const from = inside < 0 ? NOWHERE : inside
  for (let step = 1; step <= PANES.length; step += 1) {
    const [, ...stops] = PANES[(from + by * step + PANES.length * step) % PANES.length] ?? []
    if (stops.some(focuses)) return true
  }
  return false
}

function focuses(selector: string): boolean {
  const found = document.querySelector<HTMLElement>(selector)
  found?.focus()
  return found !== null && document.activeElement === found
}
