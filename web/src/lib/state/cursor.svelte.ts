/** Where the keyboard is in the list. The open conversation follows it, after a rest. */
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'

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
  /** the list is on the screen: where a conversation covers it, nobody sees where in it the keyboard is */
  isShown = $state(true)
  /** when it was led on without a key, since the current conversation had left: milliseconds, as events tell them */
  #ledAt = -Infinity
  /** of the row to which the keyboard moves once it is loaded */
  #target = $state<number | null>(null)
  /** the index that the current conversation had in the list when it was last there */
  #place: number | undefined
  #resting: ReturnType<typeof setTimeout> | undefined

  constructor(mail: Pick<Mail, 'list' | 'reader'>, reader: OpenConversation) {
    this.#mail = mail
    this.#reader = reader
  }

  /** What a key acts on if nothing is selected: the current conversation of a list that shows it, else the open one. */
  get reached(): string | undefined {
    return this.listed ?? this.#reader.threadId
  }

  /** The current conversation, if the list on the screen shows it. */
  get listed(): string | undefined {
    const { current } = this
    return current !== null && this.isShown && this.#mail.list?.indexOf(current) !== undefined ? current : undefined
  }

  /** Move by rows. Who passes a conversation has not read it: the reader follows after a rest. */
  move(by: number, follows: Follows = 'at rest'): void {
    const list = this.#mail.list
    if (!list?.total) return
    const index = Math.min(list.total - 1, Math.max(0, this.#from(list, by) + by))
    this.#target = index
    if (!list.row(index)) list.want(index, index + 1)
    this.arrive(follows)
  }

  /** From which row it moves: of one that has left the list, the next older one has the place now. */
  #from(list: ConversationList, by: number): number {
    const at = this.current === null ? undefined : list.indexOf(this.current)
    if (at !== undefined) return at
    if (this.current === null || this.#place === undefined) return Number.isFinite(by) ? -by : 0
    return by > 0 ? this.#place - 1 : this.#place
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

  /** The focus comes back from elsewhere. False: the list does not show where the keyboard was. */
  goBack(): boolean {
    const { listed } = this
    if (listed !== undefined) this.goTo(listed)
    return listed !== undefined
  }

  /** The reader is about to show the conversation that the keyboard reaches. */
  get isFollowed(): boolean {
    return this.#target !== null || this.#resting !== undefined
  }

  /** The keyboard is there: it may be opened next. */
  lookAt(threadId: string): void {
    this.current = threadId
    this.#mail.reader.prefetch(threadId)
  }

  /**
   * The current conversation may have left the list: the next older one takes over, but not from the open one, which is what
   * the person sees. True if it did.
   */
  advance(): boolean {
    const list = this.#mail.list
    if (!list || this.current === null) return false
    const at = list.indexOf(this.current)
    if (at !== undefined) this.#place = at
    if (at !== undefined || this.#place === undefined || !list.total) return false
    if (this.current === this.#reader.threadId) return false
    const next = list.row(Math.min(this.#place, list.total - 1))
    // While its rows are held, a list shows also the conversation that left it.
    if (!next || next.threadId === this.current) return false
    this.current = next.threadId
    this.#ledAt = performance.now()
    return true
  }

  /** What was pressed at that time was meant for a conversation that has left since. */
  isLate(at: number): boolean {
    return at < this.#ledAt
  }

  /** Another list is shown. */
  forget(): void {
    this.current = null
    this.#place = undefined
    this.stay()
  }

  /** The person goes elsewhere: not on to what was passed. */
  stay(): void {
    this.#endRest()
    this.#target = null
  }

  #endRest(): void {
    clearTimeout(this.#resting)
    this.#resting = undefined
  }

  #follow(threadId: string, rest: number): void {
    this.#endRest()
    const open = (): void => {
      this.#resting = undefined
      const shown = this.#reader.threadId
      // What was done during the rest may have led on from there.
      if (this.current !== threadId) return
      if (shown !== undefined && shown !== threadId) void this.#reader.openConversation(threadId)
    }
    if (rest === 0) open()
    else this.#resting = setTimeout(open, rest)
  }
}
