/** Where keys are text. */
const WRITTEN_IN = 'input:not([type="checkbox"], [type="radio"]), textarea, select, dialog[open], [contenteditable]'

export function isWrittenIn(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(WRITTEN_IN) !== null
}
