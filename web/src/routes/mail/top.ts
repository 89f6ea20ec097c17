/** What Back closes before it leads away. Chromium on Android closes dialogs itself, other browsers do not. */
import type { MailPage } from '#lib/state/page.svelte.ts'

/** False: nothing is open over the page, and on a phone nothing is selected in sight. */
export function closeTop({ triage }: MailPage): boolean {
  const top = [...document.querySelectorAll<HTMLElement>('dialog[open], :popover-open')].at(-1)
  if (top instanceof HTMLDialogElement) top.close()
  else if (top) top.hidePopover()
  else if (triage.isSelecting && isListInSight() && matchMedia('(pointer: coarse)').matches) triage.end()
  else return false
  return true
}

/** No conversation, window or settings is in its place. */
function isListInSight(): boolean {
  return document.querySelector('.page:not([inert]) [role="grid"]')?.checkVisibility() ?? false
}
