/** The conversation that is open: its messages, and the bodies of those that are unfolded. */
import type { Email, Id } from '#lib/jmap/types.ts'
import { isUnread } from '#lib/store/counts.ts'
import { expandedAtFirst } from '#lib/store/expanded.ts'
import type { Session } from './session.ts'
import { Bodies } from './bodies.ts'
import * as calls from './calls.ts'
import { threadEmailsOf } from './thread-emails.ts'
import { Task } from './task.ts'

export class ReaderSync {
  readonly bodies: Bodies
  task: Task
  /** The server has no such conversation. */
  gone = false
  /** The server told the messages of it since it was opened. */
  confirmed = false
  #expanded: ReadonlySet<Id> = new Set()
  #looked: Id | null = null
  #prefetching: Promise<void> | null = null
  readonly #session: Session
  readonly #mark: (ids: readonly Id[]) => void

  /** `mark` is told which messages are read now. */
  constructor(session: Session, mark: (ids: readonly Id[]) => void) {
    this.#session = session
    this.#mark = mark
    this.bodies = new Bodies(session)
    this.task = this.#taskFor(null)
  }

  get threadId(): Id | null {
    return this.#session.openThread
  }

  /** Messages that are expanded unless the person collapses them. One that was stays so: it is read now, or not the
   * newest any more, and nobody wants it to close under their eyes. */
  get expanded(): ReadonlySet<Id> {
    const newest = this.#emails(this.threadId ?? '').at(-1)
    if (newest) {
      this.#expand([newest.id])
    }
    return this.#expanded
  }

  open(threadId: Id): void {
    this.#turnTo(threadId)
    this.#unfold()
    this.#session.changed('reader')
    void this.task.run()
  }

  /** The person looks at this row: what opening it will show is fetched already. One at a time, and only the last that
   * was looked at: who runs through the list asks for little. */
  prefetch(threadId: Id): void {
    this.#looked = threadId
    this.#prefetching ??= this.#prefetch().finally(() => {
      this.#prefetching = null
    })
  }

  async #prefetch(): Promise<void> {
    for (let next = this.#looked; next !== null && this.#session.isKnown; next = this.#looked) {
      this.#looked = null
      await this.bodies.prefetch(expandedAtFirst(this.#emails(next), new Set())).catch(() => undefined)
    }
  }

  close(): void {
    this.#turnTo(null)
    this.#session.changed('reader')
  }

  stop(): void {
    this.task.stop()
  }

  /** A message is unfolded: it is read, and its body is needed. */
  load(id: Id, octets = calls.BODY_OCTETS): void {
    this.#mark([id])
    if (this.bodies.want(id, octets)) {
      // A person who asks for it does not want to wait for a pause.
      if (this.task.trouble) {
        void this.task.tryNow()
      } else {
        void this.task.run()
      }
    }
  }

  #turnTo(threadId: Id | null): void {
    this.task.stop()
    this.task = this.#taskFor(threadId)
    this.#session.openThread = threadId
    this.gone = false
    this.confirmed = false
    this.#expanded = new Set()
    this.bodies.wantNone()
  }

  #taskFor(threadId: Id | null): Task {
    return new Task(
      this.#session.ports,
      () => (threadId === null ? Promise.resolve() : this.#load(threadId)),
      () => this.#session.changed('reader')
    )
  }

  /** All of it is read now, also what is not expanded: else it would be new again at each opening. */
  #unfold(): void {
    const emails = this.#emails(this.threadId ?? '')
    const first = expandedAtFirst(emails, this.#expanded)
    this.#expand(first)
    first.forEach((id) => this.bodies.want(id, calls.BODY_OCTETS))
    this.#mark(emails.filter(isUnread).map(({ id }) => id))
  }

  #expand(ids: readonly Id[]): void {
    if (ids.some((id) => !this.#expanded.has(id))) {
      this.#expanded = new Set([...this.#expanded, ...ids])
    }
  }

  #emails(threadId: Id): Email[] {
    const { objects } = this.#session
    return objects.thread(threadId).flatMap((id) => objects.email(id) ?? [])
  }

  async #load(threadId: Id): Promise<void> {
    if (!this.#session.isKnown) {
      if (this.#session.isShown) {
        // It can be read while nobody answers.
        await this.bodies.recall()
      }
      await this.#session.connected()
      // Whose mail it is, and what this device kept of it, is known only now.
      this.#unfold()
    }
    // What is unfolded in one turn is asked for together.
    await Promise.resolve()
    await Promise.all([this.confirmed ? null : this.#confirm(threadId), this.bodies.load()])
    // The response may have brought messages that nobody knew of.
    await this.bodies.fetch()
  }

  async #confirm(threadId: Id): Promise<void> {
    const { client, objects, facts } = this.#session
    const { generation } = facts
    const found = await threadEmailsOf(this.#session, [await client.run(calls.conversation(threadId))], null)
    if (generation !== facts.generation) {
      return this.#confirm(threadId)
    }
    objects.putThreads(found.threads)
    objects.putEmails(found.emails)
    if (threadId === this.threadId) {
      this.gone = found.threads.length === 0
      this.confirmed = true
      this.#unfold()
      this.#session.changed('reader')
    }
  }
}
