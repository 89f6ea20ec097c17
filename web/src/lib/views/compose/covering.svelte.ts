/** Windows of writing over the page. */
import type { Dock } from '#lib/state/dock.svelte.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { isWrittenIn } from '#lib/ui/written-in.ts'

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

/** A window would take the keyboard from the person: they write, or they use one where a window covers the page. */
export function takesKeys({ isPhone }: Dock): boolean {
  const { activeElement } = document
  if (!activeElement || activeElement === document.body) return false
  const isWriting = isWrittenIn(activeElement) || activeElement.closest('.dock') !== null
  return isWriting || (isPhone && !matchMedia('(pointer: coarse)').matches)
}
