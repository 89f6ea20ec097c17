/** The lists that were shown since the page was loaded, and which of them is shown. */
import type { Filter, Id, Mailbox, Sort } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import { keyOf, mailboxQuery, NEWEST_FIRST, type ListQuery } from '#lib/store/query.ts'
import { ListView } from './list-view.ts'

/** What the address of the page names. */
export interface AskedList {
  /** null: the inbox */
  readonly mailboxId: Id | null
  /** in all mailboxes, whatever `mailboxId` says */
  readonly everywhere: boolean
  readonly filter: Filter | null
  readonly sort: Sort
  readonly device?: boolean
}

export const INBOX: AskedList = { mailboxId: null, everywhere: false, filter: null, sort: NEWEST_FIRST }

/** Each search is a list of its own: the ones that were shown last are kept. */
const MOST_LISTS = 20

export class Lists {
  shown: ListView | null = null
  asked: AskedList = INBOX
  readonly #objects: Objects
  readonly #lists = new Map<string, ListView>()

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** What is asked for among these mailboxes, or the inbox if there is no such mailbox; null if there is no inbox. */
  queryIn(mailboxes: readonly Mailbox[]): ListQuery | null {
    const { mailboxId, everywhere, filter, sort, device = false } = this.asked
    if (everywhere) {
      return { mailboxId: null, filter, sort, device }
    }
    const inbox = mailboxes.find(({ role }) => role === 'inbox')?.id
    if (mailboxId === null) {
      return inbox === undefined ? null : { mailboxId: inbox, filter, sort }
    }
    if (mailboxes.length === 0 || mailboxes.some(({ id }) => id === mailboxId)) {
      return { mailboxId, filter, sort }
    }
    return inbox === undefined ? null : mailboxQuery(inbox)
  }

  choose(): void {
    const query = this.queryIn([...this.#objects.mailboxes.values()])
    if (!query) {
      this.shown = null
      return
    }
    const key = keyOf(query)
    if (key === this.shown?.key) {
      return
    }
    const list = this.#lists.get(key) ?? new ListView(query)
    this.#lists.delete(key)
    this.#lists.set(key, list)
    list.isStale = list.asOf !== null
    // Nobody lets go of a list that is not shown.
    this.shown?.hold(false, this.#objects)
    this.shown = list
    for (const old of [...this.#lists.keys()].slice(0, -MOST_LISTS)) {
      this.#lists.delete(old)
    }
  }

  /** The emails that all these lists name. */
  *ids(): Iterable<Id> {
    for (const list of this.#lists.values()) {
      yield* list.ids()
    }
  }

  clear(): void {
    this.#lists.clear()
    this.shown = null
  }
}
