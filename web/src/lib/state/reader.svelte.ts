import { WHOLE_BODY_OCTETS } from '#lib/sync/calls.ts'
import type { Session } from '#lib/sync/session.ts'
import type { ReaderSync } from '#lib/sync/reader.ts'
import type { Attachment, Conversation, Freshness, Message, Trouble } from './mail.ts'
import type { Messages } from './messages.ts'
import { troubled } from './trouble-of.ts'

/** Not a problem of the service: the message or conversation was removed meanwhile. */
const GONE: Trouble = { code: 'gone', retryAt: null, reference: null }

export class Reader {
  readonly #session: Session
  readonly #sync: ReaderSync
  readonly #messages: Messages
  #conversation = $state.raw<Conversation | null>(null)

  constructor(session: Session, sync: ReaderSync, messages: Messages) {
    this.#session = session
    this.#sync = sync
    this.#messages = messages
    session.on('reader', () => this.#changed())
  }

  /** null while nothing is open; the header comes from the list at once */
  get conversation(): Conversation | null {
    return this.#conversation
  }

  open(threadId: string): void {
    if (threadId !== this.#sync.threadId) {
      this.#messages.forget()
      this.#sync.open(threadId)
    } else if (this.#sync.task.trouble) {
      this.tryAgain()
    }
  }

  close(): void {
    this.#sync.close()
  }

  /** It will perhaps be opened. */
  prefetch(threadId: string): void {
    this.#sync.prefetch(threadId)
  }

  /** Load the body of a message that is being unfolded. */
  load(messageId: string): void {
    this.#sync.load(messageId)
  }

  /** the whole body of a message that was too large */
  loadAll(messageId: string): void {
    this.#sync.load(messageId, WHOLE_BODY_OCTETS)
  }

  /** Where a file can be downloaded. */
  urlOf(file: Pick<Attachment, 'blobId' | 'name' | 'type'>): string {
    return this.#session.isKnown ? this.#session.client.downloadUrl(file) : ''
  }

  /** Read a file, of whatever type its sender names: give it a type that nothing runs. Rejects with a `Trouble`. */
  download<T>(url: string, read: (response: Response) => Promise<T>, init?: RequestInit): Promise<T> {
    return troubled(this.#session.client.download(url, read, init))
  }

  /** Load the bodies of these messages, which does not mark them as read. Rejects with a `Trouble`. */
  async bodies(messageIds: readonly string[]): Promise<void> {
    await troubled(this.#sync.bodies.prefetch(messageIds))
    // The conversation is told in a turn of its own.
    this.#changed()
  }

  /** Ask now for what could not be had: the conversation, or bodies. */
  tryAgain(): void {
    void this.#sync.task.tryNow()
  }

  /** What is behind the conversation changed. */
  #changed(): void {
    const next = this.#made()
    if (!same(next, this.#conversation)) {
      this.#conversation = next
    }
  }

  #made(): Conversation | null {
    const { threadId, task, confirmed, gone, expanded } = this.#sync
    if (threadId === null) {
      return null
    }
    const { objects } = this.#session
    const emails = objects.thread(threadId).flatMap((id) => objects.email(id) ?? [])
    const messages = emails.map((email): Message => {
      const loaded = this.#sync.bodies.get(email.id)
      const trouble = loaded ? null : this.#sync.bodies.isMissing(email.id) ? GONE : task.trouble
      return this.#messages.message(email, loaded, trouble)
    })
    const freshness: Freshness = confirmed
      ? 'current'
      : task.trouble
        ? 'failed'
        : messages.length > 0
          ? 'cached'
          : 'loading'
    const subject = messages[0]?.subject ?? ''
    return { threadId, subject, messages, expanded, freshness, trouble: gone ? GONE : task.trouble }
  }
}

function same(one: Conversation | null, other: Conversation | null): boolean {
  if (!one || !other) {
    return one === other
  }
  return (
    one.threadId === other.threadId &&
    one.freshness === other.freshness &&
    one.trouble === other.trouble &&
    one.expanded === other.expanded &&
    one.messages.length === other.messages.length &&
    one.messages.every((message, at) => message === other.messages[at])
  )
}
