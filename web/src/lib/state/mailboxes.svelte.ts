import type { Objects } from '#lib/store/objects.ts'
import type { MailboxItem, Mailboxes, Role } from './mail.ts'
import { itemsOf } from './mailbox-items.ts'

export class MailboxesState implements Mailboxes {
  readonly #objects: Objects
  #items = $state.raw<readonly MailboxItem[]>([])

  constructor(objects: Objects) {
    this.#objects = objects
  }

  get items(): readonly MailboxItem[] {
    return this.#items
  }

  byId(id: string): MailboxItem | undefined {
    return this.#items.find((item) => item.id === id)
  }

  byRole(role: Role): MailboxItem | undefined {
    return this.#items.find((item) => item.role === role)
  }

  /** What is behind the items changed. */
  changed(): void {
    const next = itemsOf(this.#objects)
    if (JSON.stringify(next) !== JSON.stringify(this.#items)) {
      this.#items = next
    }
  }
}
