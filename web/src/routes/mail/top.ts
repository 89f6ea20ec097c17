/** What lies over the page, and Back closes before it leads away. Chromium on Android closes dialogs itself, other browsers do not. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import { closeLastLayer, layersOpen } from '#lib/ui/layers.svelte.ts'

export interface Device {
  /** a finger, or no room for more than one thing */
  readonly isPhone: boolean
  readonly hasFinger: boolean
  /** The list has room beside a conversation. */
  readonly isWide: boolean
}

/** How many things, besides windows of writing, have an entry of their own in the history of this device. */
export function countTop(page: MailPage, device: Device): number {
  return device.isPhone ? layersOpen() + Number(isSelectionSeen(page, device)) : 0
}

/** False: nothing lies over the page. */
export function closeTop(page: MailPage, device: Device): boolean {
  const { covering, close } = page.writing.windows
  if (closeLastLayer()) return true
  if ((covering ?? 0) > 0) close()
  else if (isSelectionSeen(page, device)) page.triage.end()
  else return false
  return true
}

/** A mouse goes back through a selection. One whose list a conversation or the settings replace stays. */
function isSelectionSeen({ triage, threadId, away, preferences }: MailPage, { hasFinger, isWide }: Device): boolean {
  const isListSeen = threadId === undefined || (isWide && preferences.chosen.pane)
  return hasFinger && triage.isSelecting && isListSeen && !away
}
