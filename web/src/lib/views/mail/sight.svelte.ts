/** What of the list and the conversation the person sees: keys act on that. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import { MediaQuery } from 'svelte/reactivity'

/** Within a component: a conversation covers the list where there is no room for both. */
export function followSight(page: MailPage): void {
  const isNarrow = new MediaQuery('max-width: 47.999rem')
  $effect(() => {
    const hasBoth = page.preferences.chosen.pane && !isNarrow.current
    page.cursor.isShown = hasBoth || page.threadId === undefined
  })
}

/** Whoever turns to the reader means what it shows, wherever they were in the list. */
export function turning(page: MailPage): (reader: HTMLElement) => () => void {
  const turn = (): void => {
    if (page.threadId !== undefined) page.cursor.current = page.threadId
  }
  return (reader) => {
    const ends = new AbortController()
    const { signal } = ends
    reader.addEventListener('focusin', turn, { signal })
    reader.addEventListener('pointerdown', turn, { signal })
    // A message frame takes the focus from the window: no event of that is heard in the page.
    addEventListener('blur', () => reader.contains(document.activeElement) && turn(), { signal })
    return () => ends.abort()
  }
}
