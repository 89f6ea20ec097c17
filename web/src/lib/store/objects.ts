/**
 * What is known of the account: the server's facts, and patches of ours that it has not confirmed yet.
 *
 * Server facts only change the base. What is shown is the base with the pending patches laid over it in their order, so
 * a refused patch, a late `/changes` and another tab need no special cases. Objects are replaced, never changed.
 */
import type { Email, Id, Mailbox, Thread } from '#lib/jmap/types.ts'

/** A change of keywords: true adds the keyword, false removes it. */
export interface Patch {
  emailIds: readonly Id[]
  keywords: Readonly<Record<string, boolean>>
}

/** The properties that Email/changes can report as updated; all others of an Email never change (RFC 8621 §4). */
export type MutableProperties = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>

export class Objects {
  readonly #emails = new Map<Id, Email>()
  readonly #threads = new Map<Id, readonly Id[]>()
  #mailboxes: ReadonlyMap<Id, Mailbox> = new Map()
  #pending: readonly Patch[] = []
  /** Emails with their patches laid over; filled on demand. */
  readonly #shown = new Map<Id, Email>()

  /** As it is shown: base + pending. */
  email(id: Id): Email | undefined {
    const base = this.#emails.get(id)
    if (!base) {
      return undefined
    }
    let shown = this.#shown.get(id)
    if (!shown) {
      shown = this.#pending.reduce((email, patch) => patched(email, patch), base)
      this.#shown.set(id, shown)
    }
    return shown
  }

  /** As the server has it. */
  baseOf(id: Id): Email | undefined {
    return this.#emails.get(id)
  }

  /** Email ids, oldest first; only the ones that the server named, or else those that are known. */
  thread(id: Id): readonly Id[] {
    return this.#threads.get(id) ?? []
  }

  threadOf(id: Id): Thread {
    return { id, emailIds: this.thread(id) }
  }

  get mailboxes(): ReadonlyMap<Id, Mailbox> {
    return this.#mailboxes
  }

  get pending(): readonly Patch[] {
    return this.#pending
  }

  putEmails(emails: readonly Email[]): void {
    for (const email of emails) {
      this.#replace(email)
      if (!this.thread(email.threadId).includes(email.id)) {
        this.#threads.set(email.threadId, this.#inOrder([...this.thread(email.threadId), email.id]))
      }
    }
  }

  updateEmails(facts: readonly MutableProperties[]): void {
    for (const { id, mailboxIds, keywords } of facts) {
      const base = this.#emails.get(id)
      if (base) {
        this.#replace({ ...base, mailboxIds, keywords })
      }
    }
  }

  removeEmails(ids: readonly Id[]): void {
    const gone = new Set(ids)
    for (const id of gone) {
      this.#emails.delete(id)
      this.#shown.delete(id)
    }
    // Also of emails that are not known here: a thread may name more than was asked for.
    for (const [id, emailIds] of gone.size > 0 ? this.#threads : []) {
      if (emailIds.some((emailId) => gone.has(emailId))) {
        this.#threads.set(
          id,
          emailIds.filter((emailId) => !gone.has(emailId))
        )
      }
    }
  }

  putThreads(threads: readonly Thread[]): void {
    for (const { id, emailIds } of threads) {
      this.#threads.set(id, emailIds)
    }
  }

  putMailboxes(mailboxes: readonly Mailbox[]): void {
    this.#mailboxes = new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]))
  }

  /** Some properties of some mailboxes; of an unknown one only the whole is of use. */
  updateMailboxes(facts: readonly (Partial<Mailbox> & { id: Id })[], destroyed: readonly Id[]): void {
    const next = new Map(this.#mailboxes)
    for (const fact of facts) {
      const base = next.get(fact.id)
      if (base ?? 'name' in fact) {
        next.set(fact.id, { ...base, ...fact } as Mailbox)
      }
    }
    destroyed.forEach((id) => next.delete(id))
    this.#mailboxes = next
  }

  /** Rows that this device kept: whatever is known already is newer. */
  restore(emails: readonly Email[], threads: readonly Thread[]): void {
    this.putThreads(threads.filter(({ id }) => !this.#threads.has(id)))
    this.putEmails(emails.filter(({ id }) => !this.#emails.has(id)))
  }

  /** Forget all emails and threads: the server cannot tell what changed since. */
  forgetEmails(): void {
    this.#emails.clear()
    this.#threads.clear()
    this.#shown.clear()
  }

  addPatch(patch: Patch): void {
    this.#pending = [...this.#pending, patch]
    patch.emailIds.forEach((id) => this.#shown.delete(id))
  }

  /** The server took the patch for these emails: there it is a fact. */
  confirmPatch(patch: Patch, updated: readonly Id[]): void {
    for (const id of updated) {
      const base = this.#emails.get(id)
      if (base) {
        this.#replace(patched(base, patch))
      }
    }
  }

  /** The patch is a fact now, or was refused: only facts are left. */
  removePatch(patch: Patch): void {
    this.#pending = this.#pending.filter((other) => other !== patch)
    patch.emailIds.forEach((id) => this.#shown.delete(id))
  }

  #replace(email: Email): void {
    this.#emails.set(email.id, email)
    this.#shown.delete(email.id)
  }

  #inOrder(ids: readonly Id[]): readonly Id[] {
    const at = (id: Id): string => this.#emails.get(id)?.receivedAt ?? ''
    return ids.toSorted((one, other) => (at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0))
  }
}

function patched(email: Email, patch: Patch): Email {
  if (!patch.emailIds.includes(email.id)) {
    return email
  }
  const keywords = { ...email.keywords }
  for (const [keyword, on] of Object.entries(patch.keywords)) {
    if (on) {
      keywords[keyword] = true
    } else {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- RFC 8621 §4.1.1: an absent keyword is not set
      delete keywords[keyword]
    }
  }
  return { ...email, keywords }
}
