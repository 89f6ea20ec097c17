/** Keys there run no command: they are text, or those of a dialog. */
const OWN_KEYS = 'input:not([type="checkbox"], [type="radio"]), textarea, select, dialog[open], [contenteditable]'

export function hasOwnKeys(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OWN_KEYS) !== null
}
