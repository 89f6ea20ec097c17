/** How far a key moves in the list, in rows. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: -Infinity,
  End: Infinity
}

/** undefined: the key does not move there. */
export function stepOf({ key, ctrlKey, altKey, metaKey, shiftKey }: KeyboardEvent): number | undefined {
  return ctrlKey || altKey || metaKey || shiftKey ? undefined : STEPS[key]
}
