/**
 * Stalwart writes what it sorts lists by some moments after a mail, several mails at once even later. Until then they stand
 * at the end of each list, or anywhere, and no state tells when they have come to their places: we look again.
 */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { QueryList } from '#lib/store/list.ts'
import type { Objects } from '#lib/store/objects.ts'
import { compared, isMatch, type ListQuery } from '#lib/store/query.ts'
import type { SyncLoop } from './sync-loop.ts'

/** Milliseconds; then the next round comes when something changes. */
const PAUSES = [500, 1_000, 2_000, 4_000]

export class LateIndex {
  readonly #loop: SyncLoop
  #awaited: Id[] = []
  #isLooking = false

  constructor(loop: SyncLoop) {
    this.#loop = loop
  }

  /** These were created: see that the list shows them where they belong. */
  async see(created: readonly Email[]): Promise<void> {
    this.#awaited = [...new Set([...this.#awaited, ...created.map(({ id }) => id)])]
    if (this.#isLooking) {
      return
    }
    this.#isLooking = true
    for (const pause of PAUSES) {
      await new Promise<void>((resolve) => this.#loop.session.ports.after(pause, resolve))
      if (this.#isListed()) {
        break
      }
      await this.#loop.hint()
    }
    this.#awaited = []
    this.#isLooking = false
  }

  #isListed(): boolean {
    const { list, objects } = this.#loop.session
    return !list || !lacks(list.told, list.query, this.#awaited, objects)
  }
}

/** Whether one of these belongs between rows that the list has, and is not there; or the rows stand in a wrong order. */
function lacks(list: QueryList, query: ListQuery, awaited: readonly Id[], objects: Objects): boolean {
  const windows = list.windows.map(({ from, ids }) => ({ from, rows: ids.flatMap((id) => objects.baseOf(id) ?? []) }))
  const emails = awaited.flatMap((id) => objects.baseOf(id) ?? []).filter((email) => isMatch(query, email) === true)
  return windows.some(
    ({ from, rows }) =>
      emails.some((email) => isMissing(email, rows, from, query)) || (isExact(query) && isDisordered(rows, query))
  )
}

/** The first email of each conversation is listed (RFC 8621 §4.4.3). */
function isMissing(email: Email, rows: readonly Email[], from: number, { sort }: ListQuery): boolean {
  const [first, last] = [rows[0], rows.at(-1)]
  if (!first || !last || rows.some(({ threadId }) => threadId === email.threadId)) {
    return false
  }
  return compared(sort, email, last) < 0 && (from === 0 || compared(sort, first, email) < 0)
}

/** Names are compared by each server in its own way. */
function isExact({ sort: { property } }: ListQuery): boolean {
  return property === 'receivedAt' || property === 'size'
}

function isDisordered(rows: readonly Email[], { sort }: ListQuery): boolean {
  return rows.some((email, at) => at > 0 && compared(sort, rows[at - 1] as Email, email) > 0)
}
