/** How keys are written: on buttons, in menus, on the sheet of keys. */

/** What is printed on keys, where it is not their name (UI Events, `key`): "Ctrl" → "Strg". */
export type Printed = Readonly<Record<string, string>>

/** "I" → Shift I; "g i" → G, then I: each key of a combination, combinations behind each other. */
export function keyCaps(keys: string, printed: Printed): string[][] {
  return keys.split(' ').map((key) => together(key).map((name) => printed[name] ?? oneCap(name)))
}

function together(key: string): readonly string[] {
  if (key.length > 5 && key.startsWith('Ctrl+')) return ['Ctrl', ...key.slice(5).split('+')]
  return /^\p{Lu}$/u.test(key) ? ['Shift', key] : [key]
}

function oneCap(name: string): string {
  return name === 'Escape' ? 'Esc' : name.length === 1 ? name.toUpperCase() : name
}

/** For a tooltip: "Shift+I", "G then I". */
export function keyText(keys: string, { printed, then }: { readonly printed: Printed; readonly then: string }): string {
  return keyCaps(keys, printed)
    .map((caps) => caps.join('+'))
    .join(` ${then} `)
}

/** For `aria-keyshortcuts`, which knows no keys behind each other. */
export function keyShortcut(keys: string | undefined): string | undefined {
  return keys === undefined || keys.includes(' ') ? undefined : keyCaps(keys, {})[0]?.join('+')
}
