/** How keys are written: on buttons, in menus, on the sheet of keys. */

/** "I" → Shift I; "g i" → G, then I: each key of a combination, combinations behind each other. */
export function keyCaps(keys: string, shift: string): string[][] {
  return keys.split(' ').map((key) => {
    const [modifier, name] = key.length > 5 && key.startsWith('Ctrl+') ? ['Ctrl', key.slice(5)] : [null, key]
    if (modifier) return [modifier, ...name.split('+').map((one) => (one === 'Shift' ? shift : oneCap(one)))]
    if (/^\p{Lu}$/u.test(name)) return [shift, name]
    return [oneCap(name)]
  })
}

function oneCap(name: string): string {
  return name === 'Escape' ? 'Esc' : name.length === 1 ? name.toUpperCase() : name
}

/** For a tooltip: "Shift+I", "G then I". */
export function keyText(keys: string, { shift, then }: { readonly shift: string; readonly then: string }): string {
  return keyCaps(keys, shift)
    .map((caps) => caps.join('+'))
    .join(` ${then} `)
}

/** For `aria-keyshortcuts`, which knows no keys behind each other. */
export function keyShortcut(keys: string | undefined): string | undefined {
  return keys === undefined || keys.includes(' ') ? undefined : keyCaps(keys, 'Shift')[0]?.join('+')
}
