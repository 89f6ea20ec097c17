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
