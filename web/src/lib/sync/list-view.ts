/** One list of conversations: which windows to ask for, and what to make of the responses. */
import type { JmapClient } from '#lib/jmap/client.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Id, QueryResponse } from '#lib/jmap/types.ts'
import { EMPTY, gapIn, idAt, indexOf, ofResponses, withWindow, type QueryList } from '#lib/store/list.ts'
import type { Objects } from '#lib/store/objects.ts'
import { overlaid, withoutStrangers } from '#lib/store/overlay.ts'
import { keyOf, type ListQuery } from '#lib/store/query.ts'
import * as calls from './calls.ts'

/** `windows` replace the list; `gap` adds to it. */
export interface ListResponses {
  kind: 'windows' | 'gap'
  results: Results[]
}

/** Rows that are asked for at once: no screen shows more, and a call may name 500 ids. */
const MOST_ROWS = 200

export class ListView {
  readonly query: ListQuery
  readonly key: string
  /** as the server listed it */
  list: QueryList = EMPTY
  /** when the server last confirmed what is shown; null: never */
  asOf: Date | null = null
  /** conversations that wait above the first row, since the list is scrolled */
  #above = 0
  #atTop = true
  /** places on the screen */
  #wanted = { from: 0, to: calls.PAGE }
  #from = 0
  #to = calls.PAGE
  /** what the server listed since the rows are held in their places */
  #next: QueryList | null = null
  /** conversations that the person acted on when it was listed last: what they bring back is not new to them */
  #own: ReadonlySet<Id> = new Set()
  #isHeld = false
  #shown: { list: QueryList; generation: number; isStale: boolean; shown: QueryList } | null = null
  /** Another list was shown meanwhile: rows that are known to have left this one are not shown until it is asked for. */
  isStale = false

  constructor(query: ListQuery) {
    this.query = query
    this.key = keyOf(query)
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  /** The list with the pending patches laid over it. */
  shown(objects: Objects): QueryList {
    const { list, query, isStale } = this
    const { generation } = objects
    if (this.#shown?.list !== list || this.#shown.generation !== generation || this.#shown.isStale !== isStale) {
      const matching = isStale ? withoutStrangers(list, query, objects) : list
      this.#shown = { list, generation, isStale, shown: overlaid(matching, query, objects) }
    }
    return this.#shown.shown
  }

  total(objects: Objects): number | null {
    const { total } = this.shown(objects)
    return total === null ? null : Math.max(0, total - this.#above)
  }

  /** `index` is the place on the screen. */
  emailAt(index: number, objects: Objects): Id | undefined {
    return idAt(this.shown(objects), index + this.#above)
  }

  /** The place on the screen. */
  placeOf(emailId: Id, objects: Objects): number | undefined {
    const index = indexOf(this.shown(objects), emailId)
    return index === undefined || index < this.#above ? undefined : index - this.#above
  }

  /** conversations that wait, since the list is scrolled, or its rows are held in their places */
  arrived(objects: Objects): number {
    return this.#next ? this.#moved(this.list, this.#next, objects) : this.#above
  }

  /** as the server listed it last, also while the rows are held in their places */
  get told(): QueryList {
    return this.#next ?? this.list
  }

  /** as the server listed them */
  *ids(): Iterable<Id> {
    for (const { ids } of [...this.list.windows, ...(this.#next?.windows ?? [])]) {
      yield* ids
    }
  }

  /** Remember what the screen shows; whether something of it is missing. */
  want(from: number, to: number, objects: Objects): boolean {
    this.#wanted = { from, to }
    if (this.aim(objects) && this.#next) {
      // The person scrolls: no row that they aim at is under the pointer.
      this.#adopt(this.#next, objects)
    }
    return this.lacks
  }

  /** Find what the screen shows among what the server lists, which is elsewhere after each action; whether something of
   * it is missing. */
  aim(objects: Objects): boolean {
    const { from, to } = this.#wanted
    const start = this.#listed(from + this.#above, objects)
    const end = this.#listed(to + this.#above, objects)
    this.#from = Math.floor(start / calls.PAGE) * calls.PAGE
    this.#to = Math.min(Math.ceil(end / calls.PAGE) * calls.PAGE, this.#from + MOST_ROWS)
    return this.lacks
  }

  /** The place in the server's list of what is shown at a place. */
  #listed(index: number, objects: Objects): number {
    const shown = this.shown(objects)
    if (shown === this.list) {
      return index
    }
    const id = idAt(shown, index)
    const at = id === undefined ? undefined : indexOf(this.list, id)
    return at ?? Math.max(0, index + (this.list.total ?? 0) - (shown.total ?? 0))
  }

  get lacks(): boolean {
    if (this.query.device) {
      return false
    }
    return this.list.queryState === null || gapIn(this.list, this.#from, this.#to) !== null
  }

  /** The rows that this device kept, unless the server answered already. */
  restore({ ids, total, asOf }: { ids: readonly Id[]; total: number | null; asOf: Date }): void {
    if (this.asOf === null) {
      this.list = { total, queryState: null, windows: [{ from: 0, ids }] }
      this.asOf = asOf
    }
  }

  /** What this device found of it, until the mail server answers. Nobody confirmed it. */
  guess(ids: readonly Id[]): void {
    if (this.asOf === null && this.list.queryState === null) {
      this.list = { total: ids.length, queryState: null, windows: [{ from: 0, ids }] }
    }
  }

  /** Whether the top is visible changed; returns whether rows appear by it. */
  atTop(visible: boolean): boolean {
    this.#atTop = visible
    if (!visible || this.#above === 0) {
      return false
    }
    this.#above = 0
    return true
  }

  /** Returns whether rows change their places by it. */
  hold(held: boolean, objects: Objects): boolean {
    this.#isHeld = held
    if (held || !this.#next) {
      return false
    }
    this.#adopt(this.#next, objects)
    return true
  }

  /** Patches of the person are facts now: rows moved by them, and the others may follow. */
  patchesConfirmed(objects: Objects): void {
    if (this.#next) {
      this.#adopt(this.#next, objects)
    }
    this.aim(objects)
  }

  /**
   * Email/queryChanges is not used: of a list with collapsed threads Stalwart leaves out the message that stood for a
   * conversation before, and a window of ids costs it no more.
   *
   * Ask for what is outdated or missing; null if nothing is. `anew`: no row that is known counts.
   */
  async ask(client: JmapClient, how: { anew: boolean; outdated: boolean }): Promise<ListResponses | null> {
    if (this.query.device) {
      return null
    }
    if (how.anew || how.outdated || this.list.queryState === null) {
      // The rows that are known are followed by Email/changes, those of the device too.
      const known = !how.anew && this.asOf !== null
      const windows = this.#windows().map(({ from, to }) =>
        known ? calls.windowIds(this.query, from, to) : calls.windowThreads(this.query, from, to)
      )
      return { kind: 'windows', results: await Promise.all(windows.map((group) => client.run(group))) }
    }
    const gap = gapIn(this.list, this.#from, this.#to)
    return gap && { kind: 'gap', results: [await client.run(calls.windowThreads(this.query, gap.from, gap.to))] }
  }

  /** The top, and what the screen shows. */
  #windows(): { from: number; to: number }[] {
    const top = { from: 0, to: Math.max(calls.PAGE, this.#from <= calls.PAGE ? this.#to : 0) }
    return this.#from <= calls.PAGE ? [top] : [top, { from: this.#from, to: this.#to }]
  }

  /** Objects must hold the rows of the responses already. Returns whether the list is still outdated: windows of different
   * states may show a row twice, or none, and are asked for again. */
  apply(responses: ListResponses, objects: Objects, now: number): boolean {
    const next = this.#after(responses)
    if (next) {
      this.#own = new Set(objects.touchedThreads())
      if (this.#isHeld && responses.kind === 'windows' && !this.lacks) {
        this.#next = next
      } else {
        this.#adopt(next, objects)
      }
      this.isStale = false
      this.asOf = new Date(now)
    }
    const states = responses.results.map((results) => results.get<QueryResponse>('query').queryState)
    return next === null || new Set(states).size > 1
  }

  #adopt(next: QueryList, objects: Objects): void {
    const before = this.shown(objects)
    this.#next = null
    this.list = next
    this.#above = this.#atTop ? 0 : this.#moved(before, this.shown(objects), objects)
    this.aim(objects)
  }

  /** null if the responses do not fit to what is known. */
  #after({ kind, results: [first, ...others] }: ListResponses): QueryList | null {
    if (!first) {
      return this.list
    }
    const response = first.get<QueryResponse>('query')
    if (kind === 'gap') {
      // Places of another state do not fit to those that are known.
      return response.queryState === this.list.queryState ? withWindow(this.list, response) : null
    }
    return ofResponses([response, ...others.map((results) => results.get<QueryResponse>('query'))])
  }

  /** How many conversations stand above the one that is on top of the screen, once the list is `next`. */
  #moved(list: QueryList, next: QueryList, objects: Objects): number {
    const threadAt = (of: QueryList, index: number): Id | undefined => objects.baseOf(idAt(of, index) ?? '')?.threadId
    for (let index = 0; index < calls.PAGE; index += 1) {
      const thread = threadAt(list, index + this.#above)
      for (let place = 0, own = 0; thread !== undefined && place < 2 * calls.PAGE; place += 1) {
        const found = threadAt(next, place)
        if (found === thread) {
          return Math.max(0, place - index - own)
        }
        own += found !== undefined && this.#own.has(found) && !isIn(list, found, objects) ? 1 : 0
      }
    }
    // All that was asked for is new.
    return Math.max(0, this.#above + (next.total ?? 0) - (list.total ?? 0))
  }
}

function isIn(list: QueryList, threadId: Id, objects: Objects): boolean {
  return objects.thread(threadId).some((id) => indexOf(list, id) !== undefined)
}
