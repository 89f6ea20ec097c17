import type { Account } from '#lib/sync/account.ts'
import type { ListView } from '#lib/sync/list-view.ts'
import { unreadThreads } from '#lib/store/counts.ts'
import type { ConversationList, Freshness, Row, Sort, Trouble } from './mail.ts'
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

  get key(): string {
    return this.#view.key
  }

  get mailboxId(): string | null {
    return this.#view.query.mailboxId
  }

  get sort(): Sort {
    return this.#view.query.sort
  }

  get total(): number | null {
    return this.#now().total(this.#account.objects)
  }

  get unread(): number {
    this.#now()
    return this.mailboxId === null ? 0 : unreadThreads(this.#account.objects, this.mailboxId)
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
    return this.#account.sync.told
  }

  row(index: number): Row | undefined {
    const view = this.#now()
    const id = view.emailAt(index, this.#account.objects)
    // Somebody else removed it, while no row may move.
    return id === undefined
      ? undefined
      : (this.#rows.row(id, this.#outgoing) ?? (view.isHeld ? this.#rows.last(id) : undefined))
  }

  want(from: number, to: number): void {
    this.#account.want(from, to)
  }

  indexOf(threadId: string): number | undefined {
    const view = this.#now()
    const { objects } = this.#account
    for (const id of objects.thread(threadId)) {
      const index = view.placeOf(id, objects)
      if (index !== undefined) {
        return index
      }
    }
    return undefined
  }

  get arrived(): number {
    return this.#now().arrived(this.#account.objects)
  }

  hold(held: boolean): void {
    if (this.#view.hold(held, this.#account.objects)) {
      this.changed()
    }
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
    const role = this.#account.objects.mailboxes.get(this.mailboxId ?? '')?.role
    return role === 'sent' || role === 'drafts'
  }

  #now(): ListView {
    this.#version.seen()
    return this.#view
  }
}
