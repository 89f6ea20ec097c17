/** Where the keyboard is in the list. The open conversation follows it, after a rest. */
import type { Mail } from '#lib/state/mail.ts'

/** Milliseconds of rest after which the reader follows the keyboard. */
const REST = 150

/** When an open reader shows the conversation that the keyboard reaches. */
export type Follows = 'at rest' | 'now' | 'never'

export interface OpenConversation {
  readonly threadId: string | undefined
  openConversation(threadId: string): Promise<void>
}

export class Cursor {
  readonly #mail: Pick<Mail, 'list' | 'reader'>
  readonly #reader: OpenConversation
  /** the conversation where the keyboard is; it may differ from the open one */
  current = $state<string | null>(null)
  /** how often the keyboard moved: the list brings the current row into view when it did */
  moves = $state(0)
  /** of the row to which the keyboard moves once it is loaded */
  #target = $state<number | null>(null)
  /** where the current conversation last was */
  #place: number | undefined
  #resting: ReturnType<typeof setTimeout> | undefined

  constructor(mail: Pick<Mail, 'list' | 'reader'>, reader: OpenConversation) {
    this.#mail = mail
    this.#reader = reader
  }

  /** Move by rows. Who passes a conversation has not read it: the reader follows after a rest. */
  move(by: number, follows: Follows = 'at rest'): void {
    const list = this.#mail.list
    if (!list?.total) return
    const at = this.current === null ? undefined : list.indexOf(this.current)
    const index = Math.min(list.total - 1, Math.max(0, at === undefined ? (Number.isFinite(by) ? 0 : by) : at + by))
    this.#target = index
    if (!list.row(index)) list.want(index, index + 1)
    this.arrive(follows)
  }

  /** The row to which the keyboard moves is loaded, perhaps. */
  arrive(follows: Follows = 'never'): void {
    const row = this.#target === null ? undefined : this.#mail.list?.row(this.#target)
    if (!row) return
    this.#target = null
    this.goTo(row.threadId)
    if (follows !== 'never') this.#follow(row.threadId, follows === 'now' ? 0 : REST)
  }

  /** The keyboard goes there, and the focus with it. */
  goTo(threadId: string): void {
    this.current = threadId
    this.moves += 1
  }

  /** The keyboard is there: it may be opened next. */
  lookAt(threadId: string): void {
    this.current = threadId
    this.#mail.reader.prefetch(threadId)
  }

  /** The current conversation may have left the list: the next older one takes over. True if it did. */
  advance(): boolean {
    const list = this.#mail.list
    if (!list || this.current === null) return false
    const at = list.indexOf(this.current)
    if (at !== undefined) this.#place = at
    if (at !== undefined || this.#place === undefined || !list.total) return false
    const next = list.row(Math.min(this.#place, list.total - 1))
    // While its rows are held, a list shows also the conversation that left it.
    if (!next || next.threadId === this.current) return false
    this.current = next.threadId
    return true
  }

  /** Another list is shown. */
  forget(): void {
    this.current = null
    this.#place = undefined
    this.stay()
  }

  /** The person goes elsewhere: not on to what was passed. */
  stay(): void {
    clearTimeout(this.#resting)
    this.#target = null
  }

  #follow(threadId: string, rest: number): void {
    clearTimeout(this.#resting)
    const open = (): void => {
      const shown = this.#reader.threadId
      if (shown !== undefined && shown !== threadId) void this.#reader.openConversation(threadId)
    }
    if (rest === 0) open()
    else this.#resting = setTimeout(open, rest)
  }
}
