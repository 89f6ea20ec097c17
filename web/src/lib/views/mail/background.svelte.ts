/** What goes on behind the mail page once it is on screen. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import { drawAttention } from '#lib/views/mail/attention.svelte.ts'
import { keepInterface } from '#lib/views/mail/installed.svelte.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** `go` navigates to a path of the app. Returns how to end it. */
export function background(page: MailPage, spoken: Speech, go: (path: string) => Promise<void>): () => void {
  const ends = [drawAttention(page, spoken, go), keepInterface(page, spoken)]
  return () => ends.forEach((end) => end())
}
