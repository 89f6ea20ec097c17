/** Emails of the store → rows of the list. A row whose emails did not change is the same object as before. */
import type { Email, Id } from '#lib/jmap/types.ts'
import { warningOf, type Suspect } from '#lib/mail/warnings.ts'
import { isUnread } from '#lib/store/counts.ts'
import { isNews } from '#lib/store/news.ts'
import type { Objects } from '#lib/store/objects.ts'
import { isWritten } from '#lib/store/written.ts'
import type { Person, Row } from './mail.ts'
import { distinct, peopleOf, shortened, type IsOwn } from './people.ts'

/** More than any screen shows; a row that is made once more is only painted once more. */
const MOST_MADE = 500
/** Senders that are compared with each other: more of them take part in no real conversation. */
const MOST_SENDERS = 100

export class Rows {
  readonly #objects: Objects
  readonly #isOwn: IsOwn
  readonly #made = new Map<Id, { of: readonly Email[]; row: Row }>()

  constructor(objects: Objects, isOwn: IsOwn) {
    this.#objects = objects
    this.#isOwn = isOwn
  }

  /** `outgoing`: a list of what the person wrote shows to whom. */
  row(emailId: Id, outgoing: boolean): Row | undefined {
    const email = this.#objects.email(emailId)
    if (!email) {
      return undefined
    }
    const thread = this.#objects.thread(email.threadId)
    const of = [email, ...thread.flatMap((id) => this.#objects.email(id) ?? [])]
    const pending = thread.some((id) => this.#objects.isPending(id))
    const made = this.#made.get(emailId)
    if (made?.row.pending === pending && made.of.length === of.length && made.of.every((one, at) => one === of[at])) {
      return made.row
    }
    const row = { ...this.#rowOf(email, of.slice(1), thread.length, outgoing), pending }
    this.#made.set(emailId, { of, row })
    if (this.#made.size > MOST_MADE) {
      const [oldest = ''] = this.#made.keys()
      this.#made.delete(oldest)
    }
    return row
  }

  /** As it was shown last. */
  last(emailId: Id): Row | undefined {
    return this.#made.get(emailId)?.row
  }

  #rowOf(email: Email, thread: readonly Email[], messages: number, outgoing: boolean): Omit<Row, 'pending'> {
    const has = (keyword: string): boolean => thread.some(({ keywords }) => keywords[keyword])
    const draft = Boolean(email.keywords['$draft'])
    const people = outgoing || draft ? peopleOf(email.to, this.#isOwn) : thread.flatMap((one) => this.#sendersOf(one))
    return {
      threadId: email.threadId,
      emailId: email.id,
      people: distinct(people),
      news: Math.max(0, ...thread.map((one) => (isNews(one, this.#isOwn) ? Date.parse(one.receivedAt) : 0))),
      messages: Math.max(1, messages),
      time: new Date(email.receivedAt),
      subject: shortened(email.subject ?? ''),
      preview: email.preview?.trim() ?? '',
      unread: thread.some(isUnread),
      starred: has('$flagged'),
      draft,
      answered: has('$answered'),
      forwarded: has('$forwarded'),
      attachment: thread.some(({ hasAttachment }) => hasAttachment),
      warning: this.#isSuspicious(thread),
      labels: [...new Set(thread.flatMap(({ keywords }) => Object.keys(keywords)))]
        .filter((keyword) => !keyword.startsWith('$'))
        .toSorted()
    }
  }

  /** Of the person are only those of a message that they wrote, by where it lies. */
  #sendersOf(email: Email): Person[] {
    const written = isWritten(this.#objects, email)
    return peopleOf(email.from, (address) => written && this.#isOwn(address))
  }

  /**
   * Only what the addresses show: what our server found about the sender comes with the body of a message. Each sender once:
   * a conversation may have thousands of messages, and is looked at again with each new one.
   */
  #isSuspicious(thread: readonly Email[]): boolean {
    const senders = new Map<string, Suspect>()
    for (const email of thread) {
      const own = isWritten(this.#objects, email)
      const key = JSON.stringify([own, email.from])
      if (!senders.has(key) && senders.size < MOST_SENDERS) {
        senders.set(key, { from: this.#sendersOf(email), own, replyTo: [], authentication: 'unknown' })
      }
    }
    const messages = [...senders.values()]
    return messages.some((message, at) => warningOf(message, messages.slice(0, at)) !== null)
  }
}
