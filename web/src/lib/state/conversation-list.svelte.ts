import type { Account } from '#lib/sync/account.ts'
import type { ListView } from '#lib/sync/list-view.ts'
import { indexOf } from '#lib/store/list.ts'
import { unreadThreads } from '#lib/store/counts.ts'
import type { ConversationList, Freshness, Row, Trouble } from './mail.ts'
import type { Rows } from './rows.ts'
import { Version } from './version.svelte.ts'

export class ListState implements ConversationList {
  readonly #account: Account
  readonly #view: ListView
  readonly #rows: Rows
  readonly #version = new Version()

  constructor(account: Account, view: ListView, rows: Rows) {
    this.#account = account
    this.#view = view
    this.#rows = rows
  }

  /** What is behind the getters changed. */
  changed(): void {
    this.#version.next()
  }

  get view(): ListView {
    return this.#view
  }

  get mailboxId(): string {
    return this.#view.mailboxId
  }

  get total(): number | null {
    return this.#now().total
  }

  get unread(): number {
    this.#now()
    return unreadThreads(this.#account.objects, this.mailboxId)
  }

  get freshness(): Freshness {
    const { list, asOf } = this.#now()
    if (list.queryState !== null && !this.#account.sync.trouble) {
      return 'current'
    }
    return asOf !== null ? 'cached' : this.#account.sync.trouble ? 'failed' : 'loading'
  }

  get asOf(): Date | null {
    return this.#now().asOf
  }

  get trouble(): Trouble | null {
    this.#now()
    return this.#account.sync.trouble
  }

  row(index: number): Row | undefined {
    const id = this.#now().emailAt(index)
    return id === undefined ? undefined : this.#rows.row(id, this.#outgoing)
  }

  want(from: number, to: number): void {
    this.#account.want(from, to)
  }

  indexOf(threadId: string): number | undefined {
    const { list, arrived } = this.#now()
    for (const id of this.#account.objects.thread(threadId)) {
      const index = indexOf(list, id)
      if (index !== undefined && index >= arrived) {
        return index - arrived
      }
    }
    return undefined
  }

  get arrived(): number {
    return this.#now().arrived
  }

  atTop(visible: boolean): void {
    if (this.#view.atTop(visible)) {
      this.changed()
    }
  }

  tryAgain(): void {
    void this.#account.tryNow()
  }

  get #outgoing(): boolean {
    const role = this.#account.objects.mailboxes.get(this.mailboxId)?.role
    return role === 'sent' || role === 'drafts'
  }

  #now(): ListView {
    this.#version.seen()
    return this.#view
  }
}
