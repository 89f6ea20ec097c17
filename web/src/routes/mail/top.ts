/** What lies over the page, and Back closes before it leads away. Chromium on Android closes dialogs itself, other browsers do not. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import { closeLastLayer, layersOpen } from '#lib/ui/layers.svelte.ts'

export interface Device {
  /** It has a finger, or no room for more than one thing: Back closes what lies over the page. */
  readonly hasBackEntries: boolean
  readonly hasFinger: boolean
}

/** How many layers have an entry of their own in the history of this device. A selection is one, too. */
export function countLayers(page: MailPage, device: Device): number {
  return device.hasBackEntries ? layersOpen() + Number(isSelectionSeen(page, device)) : 0
}

/** False: nothing lies over the page. */
export function closeTop(page: MailPage, device: Device): boolean {
  const { covering, windows } = page.writing
  if (closeLastLayer()) return true
  if ((covering ?? 0) > 0) windows.close()
  else if (isSelectionSeen(page, device)) page.triage.end()
  else return false
  return true
}

/** A mouse goes back through a selection. One whose list a conversation or the settings replace stays. */
function isSelectionSeen({ triage, cursor, away }: MailPage, { hasFinger }: Device): boolean {
  return hasFinger && triage.isSelecting && cursor.isShown && !away
}
