/** Windows of writing over the page. */
import type { Dock } from '#lib/writing/state/dock.svelte.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { hasOwnKeys } from '#lib/ui/own-keys.ts'

/** Within a component. */
export function followCovering(page: MailPage, dock: Dock, close: (id: string) => void): void {
  // What is behind a window, or behind the settings, cannot be seen, so it cannot be reached by the keyboard.
  $effect(() => {
    const behind = document.querySelector<HTMLElement>('.page')
    if (!behind) return undefined
    behind.inert = dock.front !== undefined || page.away
    return () => (behind.inert = page.away)
  })
  $effect(() => {
    page.writing.windows = { covering: dock.covering, close: () => close(dock.front ?? '') }
  })
}

/**
 * A window would take the keyboard from the person, who writes or uses a dialog. Where a window covers the page, it would take
 * it from whatever has the focus; who uses a finger there loses nothing.
 */
export function takesKeys({ isPhone }: Dock): boolean {
  const { activeElement } = document
  if (!activeElement || activeElement === document.body) return false
  const isBusy = hasOwnKeys(activeElement) || activeElement.closest('.dock') !== null
  return isBusy || (isPhone && !matchMedia('(pointer: coarse)').matches)
}
