import type { ListView } from '#lib/sync/list-view.ts'
import type { Session } from '#lib/sync/session.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import { unreadThreads } from '#lib/store/counts.ts'
import type { Freshness, Row, Sort, Trouble } from './mail.ts'
import type { Rows } from './rows.ts'
import { Signal } from './signal.svelte.ts'

export class ConversationList {
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

  /** the same for the same mailbox, filter and order: another list has another key */
  get key(): string {
    return this.#view.key
  }

  /** null: of all mailboxes */
  get mailboxId(): string | null {
    return this.#view.query.mailboxId
  }

  get sort(): Sort {
    return this.#view.query.sort
  }

  /** null until known */
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

  /** when the server last confirmed what is shown */
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

  /** Ask for the rows from `from` to before `to` that are missing. Call it whenever the visible range changes. */
  want(from: number, to: number): void {
    this.#loop.want(from, to)
  }

  /** the place of a conversation, if it is loaded */
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

  /** new conversations that wait behind the pill, since the list is scrolled */
  get arrived(): number {
    return this.#now().arrived(this.#session.objects)
  }

  /** While it is held, what others change moves no row: the pointer or the focus is in the list (design: 400 ms after). */
  hold(held: boolean): void {
    if (this.#view.hold(held, this.#session.objects)) {
      this.changed()
    }
  }

  /** Tell whether the top of the list is visible: if so, new conversations appear at once. */
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
