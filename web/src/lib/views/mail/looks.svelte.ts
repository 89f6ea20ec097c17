/** Shows the page in the theme and for the region that the person chose, here or on another device. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** Returns how to end it. */
export function followLooks({ preferences }: MailPage, spoken: Speech): () => void {
  return $effect.root(() => {
    $effect(() => {
      // Before the first paint, `src/app.html` does the same.
      document.documentElement.dataset['theme'] = preferences.chosen.theme
    })
    $effect(() => spoken.locate(preferences.chosen.region))
  })
}
