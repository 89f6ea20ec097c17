import type { Email } from '#lib/jmap/types.ts'
import type { ArrivingEmails } from '#lib/sync/arriving-emails.ts'
import type { News, NotificationLevel } from './mail.ts'
import { shortened } from './people.ts'
import type { Rows } from './rows.ts'

export class NewMail {
  readonly #arriving: ArrivingEmails
  readonly #rows: Rows

  constructor(arriving: ArrivingEmails, rows: Rows) {
    this.#arriving = arriving
    this.#rows = rows
  }

  /** on this device */
  level(): Promise<NotificationLevel> {
    return this.#arriving.level()
  }

  keep(level: NotificationLevel): Promise<void> {
    return this.#arriving.keep(level)
  }

  /** Tell of new mail in the inbox, the newest message of each conversation. Of all tabs of this browser one is told. */
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
    const from = senderOf(email)
    return row ? { threadId: row.threadId, from, subject: row.subject, warning: row.warning } : undefined
  }
}

/** Of several senders (RFC 5322 §3.6.2) the addresses, so that none of them stands for the others. */
function senderOf({ from }: Email): News['from'] {
  const [first] = from ?? []
  if (!from || !first) return null
  const alone = from.length === 1
  const address = alone ? first.email : from.map(({ email }) => email).join(', ')
  return { name: alone ? shortened(first.name ?? '') : '', address, own: false }
}
