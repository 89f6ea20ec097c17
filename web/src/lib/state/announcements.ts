import type { Announcer } from '#lib/sync/announcer.ts'
import type { Announcements, Row, Wish } from './mail.ts'
import type { Rows } from './rows.ts'

export class AnnouncementsOf implements Announcements {
  readonly #announcer: Announcer
  readonly #rows: Rows

  constructor(announcer: Announcer, rows: Rows) {
    this.#announcer = announcer
    this.#rows = rows
  }

  wish(): Promise<Wish> {
    return this.#announcer.wish()
  }

  keep(wish: Wish): Promise<void> {
    return this.#announcer.keep(wish)
  }

  listen(announce: (rows: readonly Row[], wish: Wish) => void): void {
    this.#announcer.announce = (emails, wish) =>
      announce(
        emails.flatMap(({ id }) => this.#rows.row(id, false) ?? []),
        wish
      )
  }
}
