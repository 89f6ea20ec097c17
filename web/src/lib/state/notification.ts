/** What a notification of new mail says. The system keeps it, and others may read it on a locked screen: from whom a mail is,
 * and about what, only if the person wishes it, and never its text. */
import { oneLine } from '#lib/writing/domain/field.ts'
import { nameOf } from '#lib/mail/people.ts'
import type { News, NotificationLevel } from '#lib/state/mail.ts'
import type { Words } from '#lib/words/en.ts'

export interface NotificationText {
  title: string
  body: string
  /** the conversation that it leads to; null: the inbox */
  threadId: string | null
}

export function notificationOf(
  news: readonly News[],
  level: NotificationLevel,
  words: Words['mail']
): NotificationText {
  const [first] = news
  const threadId = news.length === 1 && first ? first.threadId : null
  const title = words.arrivedIn(news.length, words.roles.inbox)
  // A name that could not be confirmed stands nowhere without that warning.
  const senders = news.flatMap(({ from, warning }) => (from && !warning ? [oneLine(nameOf(from, words.me))] : []))
  if (level !== 'what' || !first || senders.length === 0) {
    return { title, body: '', threadId }
  }
  return threadId === null
    ? { title, body: [...new Set(senders)].join(', '), threadId }
    : { title: senders.join(), body: oneLine(first.subject) || words.noSubject, threadId }
}
