import type { Account } from '#lib/sync/account.ts'
import type { MailboxEdits, MailboxItem, Mailboxes, MailboxWork, Role } from './mail.ts'
import { itemsOf } from './mailbox-items.ts'

export class MailboxesState implements Mailboxes {
  readonly #account: Account
  #items = $state.raw<readonly MailboxItem[]>([])
  #work = $state.raw<MailboxWork | null>(null)
  #edits: Promise<MailboxEdits> | null = null

  constructor(account: Account) {
    this.#account = account
  }

  get items(): readonly MailboxItem[] {
    return this.#items
  }

  get work(): MailboxWork | null {
    return this.#work
  }

  byId(id: string): MailboxItem | undefined {
    return this.#items.find((item) => item.id === id)
  }

  byRole(role: Role): MailboxItem | undefined {
    return this.#items.find((item) => item.role === role)
  }

  edits(): Promise<MailboxEdits> {
    this.#edits ??= this.#load().catch((failure: unknown) => {
      this.#edits = null
      throw failure
    })
    return this.#edits
  }

  async #load(): Promise<MailboxEdits> {
    const { MailboxEditsState } = await import('./mailbox-edits.svelte.ts')
    return new MailboxEditsState(
      this.#account,
      () => this.#items,
      (work) => (this.#work = work)
    )
  }

  /** What is behind the items changed. */
  changed(): void {
    const next = itemsOf(this.#account.objects)
    if (JSON.stringify(next) !== JSON.stringify(this.#items)) {
      this.#items = next
    }
  }
}
