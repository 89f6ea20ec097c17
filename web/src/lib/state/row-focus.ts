/**
 * Where the focus is among the rows of the list. Rows are drawn by place: a conversation that moves changes its row, and the
 * focus goes with the conversation.
 */
import type { Cursor } from '#lib/state/cursor.svelte.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'

/** A row, and the conversation that it shows. */
export interface Shown {
  readonly index: number
  readonly threadId: string
}

/** The rows as they are drawn. */
export interface DrawnRows {
  /** the place of the one that has the focus */
  readonly focused: number | undefined
  /** what had the focus is gone */
  readonly isLost: boolean
  focus(index: number): void
  /** The focus goes to what else of the page is seen. */
  leave(): void
}

export class RowFocus {
  readonly #cursor: Cursor
  readonly #mail: Pick<Mail, 'list'>
  readonly #rows: DrawnRows
  /** the row from which the focus went elsewhere, and what it showed then */
  #left: Shown | null = null
  /** of the list */
  #key: string | undefined

  constructor(cursor: Cursor, mail: Pick<Mail, 'list'>, rows: DrawnRows) {
    this.#cursor = cursor
    this.#mail = mail
    this.#rows = rows
    this.#key = mail.list?.key
  }

  /** A row has the focus. */
  entered({ index, threadId }: Shown): void {
    const left = this.#left
    this.#left = null
    const isLed = this.#cursor.current === threadId
    // What gives the focus back, as a dialog that closes, knows the row alone. A key leads to the conversation.
    if (!isLed && left?.index === index && left.threadId !== threadId) this.#return(left.threadId)
    else this.#cursor.lookAt(threadId)
  }

  /** The focus goes from a row to something outside of the list. */
  left(row: Shown | null): void {
    this.#left = row
  }

  /** The person points at a row: the focus is not given back. */
  pressed(): void {
    this.#left = null
  }

  /** Rows moved or left, or another list is shown. */
  changed(): void {
    const isAnother = this.#isAnother()
    // Read for another list, too: an effect runs again only for what it read the last time.
    const { current } = this.#cursor
    const advanced = this.#cursor.advance()
    const index = this.#indexOf(this.#cursor.current)
    if (isAnother) return
    const { focused, isLost } = this.#rows
    if (index === undefined && focused !== undefined && current !== null) this.#rows.leave()
    else if (index !== undefined && focused !== undefined && focused !== index) this.#rows.focus(index)
    else if (advanced && isLost) this.#cursor.moves += 1
  }

  /** Of another list nobody went to the row that has the focus now. */
  #isAnother(): boolean {
    const key = this.#mail.list?.key
    if (key === this.#key) return false
    this.#key = key
    if (this.#rows.focused !== undefined) this.#rows.leave()
    this.#left = null
    return true
  }

  #return(threadId: string): void {
    const { current } = this.#cursor
    const to = [threadId, current].find((id) => this.#indexOf(id) !== undefined)
    if (typeof to === 'string') this.#cursor.goTo(to)
    else this.#rows.leave()
  }

  #indexOf(threadId: string | null): number | undefined {
    return threadId === null ? undefined : this.#mail.list?.indexOf(threadId)
  }
}
