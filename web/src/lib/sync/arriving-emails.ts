/** New mail in the inbox, for a person who sees no tab of ours: told by one tab, if the person wishes it on this device. */
import type { Wish } from '#lib/cache/cache.ts'
import type { Email } from '#lib/jmap/types.ts'
import { isNews } from '#lib/store/news.ts'
import type { Account } from './account.ts'
import type { LiveConnection } from './connection.ts'

export type { Wish }

/** Milliseconds. Older mail was imported, or the mail server's clock is wrong by more than any time zone. */
const RECENT = 86_400_000

export class ArrivingEmails {
  /** told of the newest message of each conversation */
  tell: (emails: readonly Email[], wish: Wish) => void = () => undefined
  readonly #account: Account
  readonly #live: LiveConnection
  readonly #isOwn: (address: string) => boolean
  /** where the browser keeps nothing */
  #wish: Wish = 'none'
  /** this tab led already when it last asked what is new */
  #led = false

  constructor(account: Account, live: LiveConnection, isOwn: (address: string) => boolean) {
    this.#account = account
    this.#live = live
    this.#isOwn = isOwn
  }

  async wish(): Promise<Wish> {
    return (await this.#account.kept.wish()) ?? this.#wish
  }

  async keep(wish: Wish): Promise<void> {
    this.#wish = wish
    await this.#account.kept.keepWish(wish)
  }

  /** A round told that these emails were created. What came before this tab led another one has told. */
  async arrived(created: readonly Email[]): Promise<void> {
    const led = this.#led
    this.#led = this.#live.leads
    const news = led && this.#led ? this.#news(created) : []
    if (news.length === 0) {
      return
    }
    const wish = await this.wish()
    if (wish !== 'none' && !(await this.#live.isSeen())) {
      this.tell(news, wish)
    }
  }

  #news(created: readonly Email[]): Email[] {
    const { objects, ports } = this.#account
    const inbox = [...objects.mailboxes.values()].find(({ role }) => role === 'inbox')?.id ?? ''
    const isNew = (email: Email): boolean =>
      Boolean(email.mailboxIds[inbox]) &&
      isNews(email, this.#isOwn) &&
      !email.keywords['$junk'] &&
      Date.parse(email.receivedAt) > ports.now() - RECENT
    const newest = new Map(created.filter(isNew).map((email) => [email.threadId, email]))
    return [...newest.values()]
  }
}
