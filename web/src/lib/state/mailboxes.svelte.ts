import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import type { MailboxItem, Role } from './mail.ts'
import type { MailboxEdits, MailboxWork } from './mailbox-edits.svelte.ts'
import { itemsOf } from './mailbox-items.ts'

export class Mailboxes {
  readonly #loop: SyncLoop
  #items = $state.raw<readonly MailboxItem[]>([])
  #work = $state.raw<MailboxWork | null>(null)
  #edits: Promise<MailboxEdits> | null = null

  constructor(loop: SyncLoop) {
    this.#loop = loop
    loop.session.on('account', () => this.#changed())
  }

  /** in the order of the sidebar: roles first, then by sortOrder and name, children behind their parent */
  get items(): readonly MailboxItem[] {
    return this.#items
  }

  /** Changes of many messages that run or have just ended. */
  get work(): MailboxWork | null {
    return this.#work
  }

  byId(id: string): MailboxItem | undefined {
    return this.#items.find((item) => item.id === id)
  }

  byRole(role: Role): MailboxItem | undefined {
    return this.#items.find((item) => item.role === role)
  }

  /** Making, renaming, moving, removing, emptying. It comes with what reads. */
  edits(): Promise<MailboxEdits> {
    this.#edits ??= this.#load().catch((failure: unknown) => {
      this.#edits = null
      throw failure
    })
    return this.#edits
  }

  async #load(): Promise<MailboxEdits> {
    const { MailboxEdits } = await import('./mailbox-edits.svelte.ts')
    return new MailboxEdits(
      this.#loop,
      () => this.#items,
      (work) => (this.#work = work)
    )
  }

  /** What is behind the items changed. */
  #changed(): void {
    const next = itemsOf(this.#loop.session.objects)
    if (JSON.stringify(next) !== JSON.stringify(this.#items)) {
      this.#items = next
    }
  }
}
