/** What goes on behind the mail page once it is on screen. */
import { create as following } from '#lib/settings/state/following.svelte.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { whenIdle } from '#lib/ui/idle.ts'
import { drawAttention } from '#lib/views/mail/attention.svelte.ts'
import { keepInterface } from '#lib/views/mail/installed.svelte.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** `go` navigates to a path of the app. Returns how to end it. */
export function background(page: MailPage, spoken: Speech, go: (path: string) => Promise<void>): () => void {
  let ends = [drawAttention(page, spoken, go)]
  const callOff = whenIdle(() => {
    ends = [...ends, keepInterface(page, spoken)]
    // What the person chooses on other devices is followed.
    page.mail.part(following)
  })
  return () => [callOff, ...ends].forEach((end) => end())
}
