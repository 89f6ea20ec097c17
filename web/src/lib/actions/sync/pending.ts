/** The entries of the outbox as this tab knows them, and their patches laid over the facts. */
import type { Id } from '#lib/jmap/types.ts'
import { resolved, withoutEmails, type Entry } from '#lib/actions/domain/entry.ts'
import type { Objects, Patch } from '#lib/store/objects.ts'

/** Ids of settled entries that are remembered: one tab may tell of it before another tells that there is one. */
const MOST_SETTLED = 1_000

export interface Pending {
  readonly entry: Entry
  /** the patches without what was refused */
  patches: readonly Patch[]
  /** the first round that tells of it; null until the server confirmed it */
  round: number | null
  /** this device keeps it; resolves to false if it cannot */
  readonly kept: Promise<boolean>
  /** the emails to which it was not done */
  notUpdated: ReadonlySet<Id>
  /** resolves with `notUpdated` once the server has answered */
  readonly settled: Promise<ReadonlySet<Id>>
  readonly settle: (notUpdated: ReadonlySet<Id>) => void
}

export class PendingEntries {
  #pending: readonly Pending[] = []
  readonly #settled = new Set<string>()
  readonly #objects: Objects

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** Those that the server has not confirmed. */
  get waiting(): Pending[] {
    return this.#pending.filter(({ round }) => round === null)
  }

  /** It is also true of one that was withdrawn. */
  isSettled(id: string): boolean {
    return this.#settled.has(id)
  }

  has(id: string): boolean {
    return this.#pending.some(({ entry }) => entry.id === id)
  }

  put(entry: Entry, kept: Promise<boolean>): Pending {
    const { promise: settled, resolve: settle } = Promise.withResolvers<ReadonlySet<Id>>()
    const pending = { entry, patches: entry.patches, round: null, kept, notUpdated: new Set<Id>(), settled, settle }
    this.#pending = [...this.#pending, pending]
    this.overlay()
    return pending
  }

  /** The server has answered. Round `round` is the first that tells of it. */
  mark(ids: readonly string[], notUpdated: ReadonlySet<Id>, round: number): void {
    ids.forEach((id) => this.#remember(id))
    for (const pending of this.#pending.filter(({ entry }) => ids.includes(entry.id))) {
      pending.patches = withoutEmails(pending.patches, notUpdated)
      pending.round = round
      pending.notUpdated = notUpdated
      pending.settle(notUpdated)
    }
    this.overlay()
  }

  /** As if they had never been. */
  forget(ids: readonly string[]): void {
    ids.forEach((id) => this.#remember(id))
    const forgotten = this.#pending.filter(({ entry }) => ids.includes(entry.id))
    this.#drop(forgotten)
    forgotten.forEach(({ settle }) => settle(new Set()))
  }

  /** Round `round` has brought what the server had when it was begun. Whether patches are facts by it. */
  dropUntil(round: number): boolean {
    const done = this.#pending.filter((pending) => pending.round !== null && pending.round <= round)
    this.#drop(done)
    return done.length > 0
  }

  /** A mailbox that a patch names by its role may be there by now. */
  overlay(): void {
    const patches = this.#pending.flatMap((pending) => pending.patches)
    if (patches.length > 0 || this.#objects.pending.length > 0) {
      this.#objects.setPending(resolved(patches, this.#objects.mailboxes))
    }
  }

  #drop(dropped: readonly Pending[]): void {
    this.#pending = this.#pending.filter((pending) => !dropped.includes(pending))
    this.overlay()
  }

  #remember(id: string): void {
    this.#settled.add(id)
    if (this.#settled.size > MOST_SETTLED) {
      const [oldest] = this.#settled
      this.#settled.delete(oldest ?? '')
    }
  }
}
