/**
 * What is known of the account: the server's facts, and patches of ours that it has not confirmed yet.
 *
 * Server facts only change the base. What is shown is the base with the pending patches laid over it in their order, so
 * a refused patch, a late `/changes` and another tab need no special cases. Objects are replaced, never changed.
 */
import type { Email, Id, Mailbox, Thread } from '#lib/jmap/types.ts'

/** What a person did to some emails: true adds a keyword or a mailbox, false takes it away. */
export interface Patch {
  readonly emailIds: readonly Id[]
  readonly keywords?: Readonly<Record<string, boolean>>
  readonly mailboxIds?: Readonly<Record<Id, boolean>>
  /** for good */
  readonly destroyed?: true
}

/** The properties that Email/changes can report as updated; all others of an Email never change (RFC 8621 §4). */
export type MutableProperties = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>

export class Objects {
  readonly #emails = new Map<Id, Email>()
  readonly #threads = new Map<Id, readonly Id[]>()
  #mailboxes: ReadonlyMap<Id, Mailbox> = new Map()
  #pending: readonly Patch[] = []
  /** patches that are shown, and never sent */
  #localPatches: readonly Patch[] = []
  #patchesOf = new Map<Id, Patch[]>()
  /** It grows with each change of what is shown. */
  generation = 0
  /** Emails with their patches laid over; filled on demand. */
  readonly #shown = new Map<Id, Email>()

  /** As it is shown: base + pending. */
  email(id: Id): Email | undefined {
    const base = this.#emails.get(id)
    if (!base) {
      return undefined
    }
    const patches = this.#patchesOf.get(id)
    if (!patches) {
      return base
    }
    let shown = this.#shown.get(id)
    if (!shown) {
      shown = this.withPending(base)
      if (shown) {
        this.#shown.set(id, shown)
      }
    }
    return shown
  }

  /** All that are known, as they are shown. */
  *emails(): Generator<Email> {
    for (const id of this.#emails.keys()) {
      const email = this.email(id)
      if (email) yield email
    }
  }

  /** The email with the pending patches laid over it. */
  withPending(email: Email): Email | undefined {
    const patches = this.#patchesOf.get(email.id) ?? []
    return patches.some(({ destroyed }) => destroyed) ? undefined : patches.reduce(patched, email)
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

  get roles(): ReadonlyMap<string, Id> {
    return rolesOf(this.#mailboxes)
  }

  get pending(): readonly Patch[] {
    return this.#pending
  }

  isPending(id: Id): boolean {
    return this.#patchesOf.get(id)?.some((patch) => !this.#localPatches.includes(patch)) ?? false
  }

  /** The conversations of emails that have pending patches. */
  touchedThreads(): ReadonlySet<Id> {
    const touched = new Set<Id>()
    for (const id of this.#patchesOf.keys()) {
      const email = this.#emails.get(id)
      if (email) {
        touched.add(email.threadId)
      }
    }
    return touched
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
    this.generation += 1
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
    this.generation += 1
    for (const { id, emailIds } of threads) {
      this.#threads.set(id, emailIds)
    }
  }

  putMailboxes(mailboxes: readonly Mailbox[]): void {
    this.generation += 1
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
    this.generation += 1
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
    this.generation += 1
  }

  /** Forget what is not in use, beyond the `most` that came last: a page may be open for weeks. */
  forgetUnused(inUse: Iterable<Id>, most: number): void {
    if (this.#emails.size <= most) {
      return
    }
    const used = new Set<Id | undefined>(this.touchedThreads())
    for (const id of inUse) {
      used.add(this.#emails.get(id)?.threadId)
    }
    const unused = [...this.#emails.values()].filter(({ threadId }) => !used.has(threadId))
    for (const { id, threadId } of unused.slice(0, Math.max(0, unused.length - most))) {
      this.#emails.delete(id)
      if (!this.thread(threadId).some((other) => this.#emails.has(other))) {
        this.#threads.delete(threadId)
      }
    }
  }

  /** Lays these patches over the facts without sending them: they hide an email in Sent while the mail server holds it. */
  setLocalPatches(patches: readonly Patch[]): void {
    this.#localPatches = patches
    this.setPending(this.#pending)
  }

  /** What is shown is the facts with these patches laid over them, in their order. */
  setPending(patches: readonly Patch[]): void {
    const before = this.#patchesOf
    this.#pending = patches
    this.#patchesOf = new Map()
    for (const patch of [...this.#localPatches, ...patches]) {
      for (const id of patch.emailIds) {
        const found = this.#patchesOf.get(id)
        if (found) {
          found.push(patch)
        } else {
          this.#patchesOf.set(id, [patch])
        }
      }
    }
    for (const [id, former] of before) {
      const now = this.#patchesOf.get(id)
      if (former.length !== now?.length || former.some((patch, at) => patch !== now[at])) {
        this.#shown.delete(id)
      }
    }
    this.generation += 1
  }

  #replace(email: Email): void {
    this.#emails.set(email.id, email)
    this.#shown.delete(email.id)
    this.generation += 1
  }

  #inOrder(ids: readonly Id[]): readonly Id[] {
    const at = (id: Id): string => this.#emails.get(id)?.receivedAt ?? ''
    return ids.toSorted((one, other) => (at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0))
  }
}

export function patched(email: Email, patch: Patch): Email {
  return {
    ...email,
    keywords: patch.keywords ? changed(email.keywords, patch.keywords) : email.keywords,
    mailboxIds: patch.mailboxIds ? changed(email.mailboxIds, patch.mailboxIds) : email.mailboxIds
  }
}

/** RFC 8621 §4.1.1: what is absent is not set. */
function changed(
  set: Readonly<Record<string, boolean>>,
  changes: Readonly<Record<string, boolean>>
): Record<string, boolean> {
  return Object.fromEntries(Object.entries({ ...set, ...changes }).filter(([, on]) => on))
}

/** The mailbox of each role; of several, the first. */
export function rolesOf(mailboxes: ReadonlyMap<Id, Mailbox>): ReadonlyMap<string, Id> {
  const all = [...mailboxes.values()].toReversed()
  return new Map(all.flatMap(({ id, role }) => (role === null ? [] : [[role, id] as const])))
}
