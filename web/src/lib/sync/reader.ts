/** The conversation that is open: its messages, and the bodies of those that are unfolded. */
import type { Email, EmailBody, GetResponse, Id, Thread } from '#lib/jmap/types.ts'
import { isUnread } from '#lib/store/counts.ts'
import type { Account } from './account.ts'
import * as calls from './calls.ts'
import { Task } from './task.ts'

/** Bodies that are asked for with the conversation; further ones when they are unfolded. */
const FIRST_BODIES = 8
/** Bodies in memory, each up to 1 MB. */
const MOST_BODIES = 64

export interface LoadedBody {
  body: EmailBody
  whole: boolean
}

export class ReaderSync {
  readonly task: Task
  threadId: Id | null = null
  /** The server has no such conversation. */
  gone = false
  readonly #account: Account
  readonly #mark: (ids: readonly Id[]) => void
  readonly #bodies = new Map<Id, LoadedBody>()
  readonly #wanted = new Map<Id, number>()
  readonly #missing = new Set<Id>()
  #confirmed = false

  /** `mark` is told which messages are read now. */
  constructor(account: Account, mark: (ids: readonly Id[]) => void) {
    this.#account = account
    this.#mark = mark
    this.task = new Task(
      account.ports,
      () => this.#load(),
      () => account.tell('reader')
    )
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  body(id: Id): LoadedBody | undefined {
    return this.#bodies.get(id)
  }

  /** The server has the message no more. */
  isMissing(id: Id): boolean {
    return this.#missing.has(id)
  }

  open(threadId: Id): void {
    this.threadId = threadId
    this.gone = false
    this.#confirmed = false
    this.#wanted.clear()
    this.#unfold()
    this.#account.tell('reader')
    this.task.tryNow()
  }

  close(): void {
    this.threadId = null
    this.#wanted.clear()
    this.#account.tell('reader')
  }

  /** A message is unfolded: it is read, and its body is needed. */
  load(id: Id, octets = calls.BODY_OCTETS): void {
    this.#mark([id])
    const loaded = this.#bodies.get(id)
    if (!loaded || (octets > calls.BODY_OCTETS && !loaded.whole)) {
      this.#wanted.set(id, octets)
      void this.task.run()
    }
  }

  /** The last message, and all unread ones, are unfolded at the start. */
  #unfold(): void {
    const emails = this.#emails()
    const unread = emails.filter(isUnread)
    for (const { id } of [...unread.slice(-FIRST_BODIES), ...emails.slice(-1)]) {
      if (!this.#bodies.has(id)) {
        this.#wanted.set(id, calls.BODY_OCTETS)
      }
    }
    this.#mark(unread.map(({ id }) => id))
  }

  #emails(): Email[] {
    const { objects } = this.#account
    return objects.thread(this.threadId ?? '').flatMap((id) => objects.email(id) ?? [])
  }

  async #load(): Promise<void> {
    const { client, objects } = this.#account
    const threadId = this.threadId
    await this.#account.connected()
    if (threadId === null) {
      return
    }
    const [rows] = await Promise.all([this.#confirmed ? null : client.run(calls.conversation(threadId)), this.#fetch()])
    if (!rows || threadId !== this.threadId) {
      return
    }
    const { list } = rows.get<GetResponse<Thread>>('threads')
    const members =
      rows.find<GetResponse<Email>>('members') ??
      // RFC 8620 §5.1, requestTooLarge: more messages than one call may ask for.
      (await client.run(calls.emailRows(list.flatMap(({ emailIds }) => emailIds)))).get<GetResponse<Email>>('get')
    objects.putEmails(members.list)
    objects.putThreads(list)
    this.gone = list.length === 0
    this.#confirmed = true
    this.#unfold()
    await this.#fetch()
  }

  async #fetch(): Promise<void> {
    for (const octets of new Set(this.#wanted.values())) {
      const ids = [...this.#wanted].filter(([, most]) => most === octets).map(([id]) => id)
      const results = await this.#account.client.run(calls.bodies(ids, octets))
      const { list, notFound } = results.get<GetResponse<EmailBody>>('get')
      for (const body of list) {
        this.#keep(body, octets)
      }
      notFound?.forEach((id) => this.#missing.add(id))
      ids.filter((id) => this.#wanted.get(id) === octets).forEach((id) => this.#wanted.delete(id))
    }
  }

  #keep(body: EmailBody, octets: number): void {
    const truncated = Object.values(body.bodyValues).some(({ isTruncated }) => isTruncated)
    this.#bodies.delete(body.id)
    this.#bodies.set(body.id, { body, whole: !truncated || octets > calls.BODY_OCTETS })
    const [oldest] = this.#bodies.keys()
    if (this.#bodies.size > MOST_BODIES && oldest !== undefined) {
      this.#bodies.delete(oldest)
    }
    this.#account.tell('reader')
  }
}
