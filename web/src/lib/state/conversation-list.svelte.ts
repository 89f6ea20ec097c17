import type { ListView } from '#lib/sync/list-view.ts'
import type { Session } from '#lib/sync/session.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import { unreadThreads } from '#lib/store/counts.ts'
import type { ConversationList, Freshness, Row, Sort, Trouble } from './mail.ts'
import type { Rows } from './rows.ts'
import { Signal } from './signal.svelte.ts'

export class ListState implements ConversationList {
  readonly #loop: SyncLoop
  readonly #session: Session
  readonly #view: ListView
  readonly #rows: Rows
  readonly #signal = new Signal()

  constructor(loop: SyncLoop, view: ListView, rows: Rows) {
    this.#loop = loop
    this.#session = loop.session
    this.#view = view
    this.#rows = rows
  }

  /** What is behind the getters changed. */
  changed(): void {
    this.#signal.notify()
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
    return this.#now().total(this.#session.objects)
  }

  get unread(): number {
    this.#now()
    return this.mailboxId === null ? 0 : unreadThreads(this.#session.objects, this.mailboxId)
  }

  get freshness(): Freshness {
    const { list, asOf } = this.#now()
    if (list.queryState !== null && !this.#session.trouble) {
      return 'current'
    }
    return asOf !== null ? 'cached' : this.#session.trouble ? 'failed' : 'loading'
  }

  get asOf(): Date | null {
    return this.#now().asOf
  }

  get trouble(): Trouble | null {
    this.#now()
    return this.#loop.task.told
  }

  row(index: number): Row | undefined {
    const view = this.#now()
    const id = view.emailAt(index, this.#session.objects)
    // Somebody else removed it, while no row may move.
    return id === undefined
      ? undefined
      : (this.#rows.row(id, this.#outgoing) ?? (view.isHeld ? this.#rows.last(id) : undefined))
  }

  want(from: number, to: number): void {
    this.#loop.want(from, to)
  }

  indexOf(threadId: string): number | undefined {
    const view = this.#now()
    const { objects } = this.#session
    for (const id of objects.thread(threadId)) {
      const index = view.placeOf(id, objects)
      if (index !== undefined) {
        return index
      }
    }
    return undefined
  }

  get arrived(): number {
    return this.#now().arrived(this.#session.objects)
  }

  hold(held: boolean): void {
    if (this.#view.hold(held, this.#session.objects)) {
      this.changed()
    }
  }

  atTop(visible: boolean): void {
    if (this.#view.atTop(visible)) {
      this.changed()
    }
  }

  tryAgain(): void {
    void this.#loop.tryNow()
  }

  get #outgoing(): boolean {
    const role = this.#session.objects.mailboxes.get(this.mailboxId ?? '')?.role
    return role === 'sent' || role === 'drafts'
  }

  #now(): ListView {
    this.#signal.track()
    return this.#view
  }
}
