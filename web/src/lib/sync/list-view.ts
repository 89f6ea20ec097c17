/** One list of conversations: which windows to ask for, and what to make of the responses. */
import type { JmapClient } from '#lib/jmap/client.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Id, QueryResponse } from '#lib/jmap/types.ts'
import { EMPTY, gapIn, idAt, ofResponses, withWindow, type QueryList } from '#lib/store/list.ts'
import type { Objects } from '#lib/store/objects.ts'
import * as calls from './calls.ts'

/** `windows` replace the list; `gap` adds to it. */
export interface ListResponses {
  kind: 'windows' | 'gap'
  results: Results[]
}

/** Rows that are asked for at once: no screen shows more, and a call may name 500 ids. */
const MOST_ROWS = 200

export class ListView {
  readonly mailboxId: Id
  list: QueryList = EMPTY
  /** when the server last confirmed what is shown; null: never */
  asOf: Date | null = null
  /** conversations that wait above the first row, since the list is scrolled */
  arrived = 0
  #atTop = true
  #from = 0
  #to = calls.PAGE

  constructor(mailboxId: Id) {
    this.mailboxId = mailboxId
  }

  get total(): number | null {
    return this.list.total === null ? null : this.list.total - this.arrived
  }

  /** By the place on the screen. */
  emailAt(index: number): Id | undefined {
    return idAt(this.list, index + this.arrived)
  }

  /** Remember what the screen shows; whether something of it is missing. */
  want(from: number, to: number): boolean {
    this.#from = Math.floor((from + this.arrived) / calls.PAGE) * calls.PAGE
    this.#to = Math.min(Math.ceil((to + this.arrived) / calls.PAGE) * calls.PAGE, this.#from + MOST_ROWS)
    return this.lacks
  }

  get lacks(): boolean {
    return this.list.queryState === null || gapIn(this.list, this.#from, this.#to) !== null
  }

  /** The rows that this device kept, unless the server answered already. */
  restore({ ids, total, asOf }: { ids: readonly Id[]; total: number | null; asOf: Date }): void {
    if (this.asOf === null) {
      this.list = { total, queryState: null, windows: [{ from: 0, ids }] }
      this.asOf = asOf
    }
  }

  /** Whether the top is visible changed; returns whether rows appear by it. */
  atTop(visible: boolean): boolean {
    this.#atTop = visible
    if (!visible || this.arrived === 0) {
      return false
    }
    this.arrived = 0
    return true
  }

  /**
   * Email/queryChanges is not used: of a list with collapsed threads Stalwart leaves out the message that stood for a
   * conversation before, and a window of ids costs it no more.
   *
   * Ask for what is outdated or missing; null if nothing is. `anew`: no row that is known counts.
   */
  async ask(client: JmapClient, wish: { anew: boolean; outdated: boolean }): Promise<ListResponses | null> {
    if (wish.anew || wish.outdated || this.list.queryState === null) {
      // The rows that are known are followed by Email/changes, those of the device too.
      const known = !wish.anew && this.asOf !== null
      const windows = this.#windows().map(({ from, to }) =>
        known ? calls.windowIds(this.mailboxId, from, to) : calls.windowThreads(this.mailboxId, from, to)
      )
      return { kind: 'windows', results: await Promise.all(windows.map((group) => client.run(group))) }
    }
    const gap = gapIn(this.list, this.#from, this.#to)
    return gap && { kind: 'gap', results: [await client.run(calls.windowThreads(this.mailboxId, gap.from, gap.to))] }
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
      this.arrived = this.#atTop ? 0 : moved(this.list, next, this.arrived, objects)
      this.list = next
      this.asOf = new Date(now)
    }
    const states = responses.results.map((results) => results.get<QueryResponse>('query').queryState)
    return next === null || new Set(states).size > 1
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
}

/** How many conversations stand above the one that is on top of the screen, once the list is `next`. */
function moved(list: QueryList, next: QueryList, arrived: number, objects: Objects): number {
  const threadAt = (of: QueryList, index: number): Id | undefined => objects.baseOf(idAt(of, index) ?? '')?.threadId
  for (let index = 0; index < calls.PAGE; index += 1) {
    const thread = threadAt(list, index + arrived)
    for (let place = 0; thread !== undefined && place < 2 * calls.PAGE; place += 1) {
      if (threadAt(next, place) === thread) {
        return Math.max(0, place - index)
      }
    }
  }
  return 0
}
