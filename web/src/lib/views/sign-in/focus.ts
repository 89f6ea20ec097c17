/** Where the focus goes after a response: to what is wrong, else to the first field that waits for something, else to
 * the password, of which one letter may be wrong. */
export function focusAfterResponse(root: HTMLElement): void {
  const wrong = root.querySelector<HTMLElement>('input[aria-invalid="true"]')
  const fields = [...root.querySelectorAll<HTMLInputElement>('input:not([type=checkbox], :disabled)')]
  const target =
    wrong ?? fields.find((field) => field.value === '') ?? fields.find((field) => field.name === 'password')

  ;(target ?? root.closest('main')?.querySelector('h1'))?.focus()
}

/** At the start, but not where that opens the keyboard on the screen. */
export function focusAtStart(root: HTMLElement): void {
  if (matchMedia('(pointer: fine)').matches) focusAfterResponse(root)
}
