/** The lists of the mailboxes that were shown since the page was loaded, and which of them is shown. */
import type { Id } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import { ListView } from './list-view.ts'

export class Lists {
  shown: ListView | null = null
  /** the mailbox that the address of the page names; null is the inbox */
  wanted: Id | null = null
  readonly #objects: Objects
  readonly #lists = new Map<Id, ListView>()

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** Show what is wanted, or the inbox if there is no such mailbox. */
  choose(): void {
    const { mailboxes } = this.#objects
    const inbox = [...mailboxes.values()].find(({ role }) => role === 'inbox')?.id
    const id = this.wanted !== null && (mailboxes.has(this.wanted) || mailboxes.size === 0) ? this.wanted : inbox
    if (id === undefined) {
      this.shown = null
      return
    }
    let list = this.#lists.get(id)
    if (!list) {
      list = new ListView(id)
      this.#lists.set(id, list)
    }
    this.shown = list
  }

  clear(): void {
    this.#lists.clear()
    this.shown = null
  }
}
