/** What reaches a person who looks elsewhere: the icon of the tab, and a notification of new mail. */
import { faviconFor } from '#lib/state/favicon.ts'
import { notificationOf } from '#lib/state/notification.ts'
import { browserNotifications, Notifier } from '#lib/state/notifier.ts'
import { pathOf } from '#lib/state/paths.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { followLooks } from '#lib/views/mail/looks.svelte.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** `go` navigates to a path of the app. Returns how to end it. */
export function drawAttention(page: MailPage, spoken: Speech, go: (path: string) => Promise<void>): () => void {
  const notifier = new Notifier(page.mail.newMail, browserNotifications())
  page.mail.newMail.listen((news, level) => {
    const { title, body, threadId } = notificationOf(news, level, spoken.words.mail)
    notifier.show(title, body, () => void go(pathOf('inbox', threadId ?? undefined)))
  })
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  const plain = icon?.href ?? ''
  const end = $effect.root(() => {
    $effect(() => {
      if (icon) icon.href = faviconFor(page.mail.unread, plain)
    })
  })
  const endLooks = followLooks(page, spoken)
  return () => {
    end()
    endLooks()
    page.mail.newMail.listen(() => undefined)
    if (icon) icon.href = plain
  }
}
