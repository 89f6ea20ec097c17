import type { Email } from '#lib/jmap/types.ts'
import type { Announcer } from '#lib/sync/announcer.ts'
import type { Announcements, News, Wish } from './mail.ts'
import { peopleOf, type IsOwn } from './people.ts'
import type { Rows } from './rows.ts'

export class AnnouncementsOf implements Announcements {
  readonly #announcer: Announcer
  readonly #rows: Rows
  readonly #isOwn: IsOwn

  constructor(announcer: Announcer, rows: Rows, isOwn: IsOwn) {
    this.#announcer = announcer
    this.#rows = rows
    this.#isOwn = isOwn
  }

  wish(): Promise<Wish> {
    return this.#announcer.wish()
  }

  keep(wish: Wish): Promise<void> {
    return this.#announcer.keep(wish)
  }

  listen(announce: (news: readonly News[], wish: Wish) => void): void {
    this.#announcer.announce = (emails, wish) => {
      const news = emails.flatMap((email) => this.#news(email) ?? [])
      // All of them may have been destroyed meanwhile.
      if (news.length > 0) {
        announce(news, wish)
      }
    }
  }

  #news(email: Email): News | undefined {
    const row = this.#rows.row(email.id, false)
    const [from = null] = peopleOf(email.from, this.#isOwn)
    return row ? { threadId: row.threadId, from, subject: row.subject, warning: row.warning } : undefined
  }
}
