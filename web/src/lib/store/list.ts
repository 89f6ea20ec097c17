/** The result of a query as a list with holes: windows of ids that were asked for, and unknown places between them. */
import type { Id, QueryResponse } from '#lib/jmap/types.ts'

export interface ListWindow {
  readonly from: number
  readonly ids: readonly Id[]
}

export interface QueryList {
  readonly total: number | null
  /** null until the server answered, also while rows of the cache are shown */
  readonly queryState: string | null
  /** sorted, apart from each other */
  readonly windows: readonly ListWindow[]
}

export const EMPTY: QueryList = { total: null, queryState: null, windows: [] }

export function idAt(list: QueryList, index: number): Id | undefined {
  const found = list.windows.find(({ from, ids }) => index >= from && index < from + ids.length)
  return found?.ids[index - found.from]
}

export function indexOf(list: QueryList, id: Id): number | undefined {
  for (const { from, ids } of list.windows) {
    const at = ids.indexOf(id)
    if (at >= 0) {
      return from + at
    }
  }
  return undefined
}

/** The first gap within [from, to): what to ask for next. */
export function gapIn(list: QueryList, from: number, to: number): { from: number; to: number } | null {
  const end = Math.min(to, list.total ?? to)
  let start = Math.max(0, from)
  for (const { from: at, ids } of list.windows) {
    if (start < at) {
      return start < end ? { from: start, to: Math.min(end, at) } : null
    }
    start = Math.max(start, at + ids.length)
  }
  return start < end ? { from: start, to: end } : null
}

/** The windows of one state of the query, from the responses of one request. They replace all that was known. */
export function ofResponses(responses: readonly QueryResponse[]): QueryList {
  return responses.reduce(withWindow, { ...EMPTY, queryState: responses[0]?.queryState ?? null })
}

/** One window more, of the state that the list has. */
export function withWindow(list: QueryList, response: QueryResponse): QueryList {
  return {
    total: response.total ?? list.total,
    queryState: response.queryState,
    windows: merged([...list.windows, { from: response.position, ids: response.ids }])
  }
}

function merged(windows: readonly ListWindow[]): ListWindow[] {
  const result: ListWindow[] = []
  for (const next of windows.filter(({ ids }) => ids.length > 0).toSorted((one, other) => one.from - other.from)) {
    const last = result.at(-1)
    if (last && next.from <= last.from + last.ids.length) {
      const head = last.ids.slice(0, next.from - last.from)
      const tail = last.ids.slice(head.length + next.ids.length)
      result[result.length - 1] = { from: last.from, ids: [...head, ...next.ids, ...tail] }
    } else {
      result.push(next)
    }
  }
  return result
}
