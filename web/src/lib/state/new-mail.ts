import type { Email } from '#lib/jmap/types.ts'
import type { ArrivingEmails } from '#lib/sync/arriving-emails.ts'
import type { NewMail, News, NotificationLevel } from './mail.ts'
import { peopleOf, type IsOwn } from './people.ts'
import type { Rows } from './rows.ts'

export class NewMailState implements NewMail {
  readonly #arriving: ArrivingEmails
  readonly #rows: Rows
  readonly #isOwn: IsOwn

  constructor(arriving: ArrivingEmails, rows: Rows, isOwn: IsOwn) {
    this.#arriving = arriving
    this.#rows = rows
    this.#isOwn = isOwn
  }

  level(): Promise<NotificationLevel> {
    return this.#arriving.level()
  }

  keep(level: NotificationLevel): Promise<void> {
    return this.#arriving.keep(level)
  }

  listen(tell: (news: readonly News[], level: NotificationLevel) => void): void {
    this.#arriving.tell = (emails, level) => {
      const news = emails.flatMap((email) => this.#news(email) ?? [])
      // All of them may have been destroyed meanwhile.
      if (news.length > 0) {
        tell(news, level)
      }
    }
  }

  #news(email: Email): News | undefined {
    const row = this.#rows.row(email.id, false)
    const [from = null] = peopleOf(email.from, this.#isOwn)
    return row ? { threadId: row.threadId, from, subject: row.subject, warning: row.warning } : undefined
  }
}
