/** New mail in the inbox, for a person who sees no tab of ours: told by one tab, if the person wishes it on this device. */
import type { NotificationLevel } from '#lib/cache/cache.ts'
import type { Email } from '#lib/jmap/types.ts'
import { isNews } from '#lib/store/news.ts'
import type { Session } from './session.ts'
import type { LiveConnection } from './connection.ts'

export type { NotificationLevel }

/** Milliseconds. Older mail was imported, or the mail server's clock is wrong by more than any time zone. */
const RECENT = 86_400_000

export class ArrivingEmails {
  /** told of the newest message of each conversation */
  tell: (emails: readonly Email[], level: NotificationLevel) => void = () => undefined
  readonly #session: Session
  readonly #live: LiveConnection
  readonly #isOwn: (address: string) => boolean
  /** where the browser keeps nothing */
  #level: NotificationLevel = 'none'
  /** this tab led already when it last asked what is new */
  #led = false

  constructor(session: Session, live: LiveConnection, isOwn: (address: string) => boolean) {
    this.#session = session
    this.#live = live
    this.#isOwn = isOwn
    session.on('arrived', (created) => void this.#arrived(created))
  }

  async level(): Promise<NotificationLevel> {
    return (await this.#session.kept.notificationLevel()) ?? this.#level
  }

  async keep(level: NotificationLevel): Promise<void> {
    this.#level = level
    await this.#session.kept.keepNotificationLevel(level)
  }

  /** A round told that these emails were created. What came before this tab led another one has told. */
  async #arrived(created: readonly Email[]): Promise<void> {
    const led = this.#led
    this.#led = this.#live.leads
    const news = led && this.#led ? this.#news(created) : []
    if (news.length === 0) {
      return
    }
    const level = await this.level()
    if (level !== 'none' && !(await this.#live.isSeen())) {
      this.tell(news, level)
    }
  }

  #news(created: readonly Email[]): Email[] {
    const { objects, ports } = this.#session
    const inbox = objects.roles.get('inbox') ?? ''
    const isNew = (email: Email): boolean =>
      Boolean(email.mailboxIds[inbox]) &&
      isNews(email, this.#isOwn) &&
      !email.keywords['$junk'] &&
      Date.parse(email.receivedAt) > ports.now() - RECENT
    const newest = new Map(created.filter(isNew).map((email) => [email.threadId, email]))
    return [...newest.values()]
  }
}
