/** A list as it is shown: what the server listed, with what the pending patches take out of it and put into it. */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { ListWindow, QueryList } from './list.ts'
import type { Objects } from './objects.ts'
import { compared, isMatch, type ListQuery } from './query.ts'

/** Without the rows that are known not to belong to the list any more. */
export function withoutStrangers(list: QueryList, query: ListQuery, objects: Objects): QueryList {
  const strangers = list.windows
    .flatMap(({ ids }) => ids)
    .filter((id) => {
      const email = objects.baseOf(id)
      return email !== undefined && isMatch(query, email) === false
    })
  return strangers.reduce(without, list)
}

/** What the pending patches do to one conversation of the list: the email that stood for it, and the one that does. */
interface Move {
  readonly threadId: Id
  readonly before: Email | undefined
  readonly after: Email | undefined
}

/** Keywords whose rows stay until the server is asked again: a row does not vanish because it was read. */
const LINGERING = new Set(['$seen', '$flagged'])

export function overlaid(list: QueryList, query: ListQuery, objects: Objects): QueryList {
  const moves = movesOf(query, objects)
  return moves.length === 0 ? list : moved(list, moves, query, objects)
}

function movesOf(query: ListQuery, objects: Objects): Move[] {
  const moves: Move[] = []
  for (const threadId of objects.touchedThreads()) {
    const ids = objects.thread(threadId)
    const before = firstOf(
      query,
      ids.map((id) => objects.baseOf(id))
    )
    const after = firstOf(
      query,
      ids.map((id) => lingering(objects.email(id), objects.baseOf(id)))
    )
    if (before?.id !== after?.id) {
      moves.push({ threadId, before, after })
    }
  }
  return moves
}

/** The email with the keywords that it had, as far as they decide about rows that stay. */
function lingering(shown: Email | undefined, base: Email | undefined): Email | undefined {
  if (!shown || !base || shown === base) {
    return shown
  }
  const others = Object.entries(shown.keywords).filter(([keyword]) => !LINGERING.has(keyword))
  const kept = Object.entries(base.keywords).filter(([keyword]) => LINGERING.has(keyword))
  return { ...shown, keywords: Object.fromEntries([...others, ...kept]) }
}

/** RFC 8621 §4.4.3: of a conversation, the first email that matches stands in the list. */
function firstOf(query: ListQuery, emails: readonly (Email | undefined)[]): Email | undefined {
  return emails
    .filter((email) => email !== undefined)
    .filter((email) => isMatch(query, email) !== false)
    .toSorted((one, other) => compared(query.sort, one, other))[0]
}

function moved(list: QueryList, moves: readonly Move[], query: ListQuery, objects: Objects): QueryList {
  const listed = listedOf(list, new Set(moves.map(({ threadId }) => threadId)), objects)
  let result = list
  for (const { threadId, before, after } of moves) {
    const id = listed.get(threadId)
    if (before) {
      result = id === undefined ? withoutUnseen(result, before, query, objects) : without(result, id)
    }
    if (after && (before ?? id === undefined) && isMatch(query, after)) {
      result = inserted(result, after, query, objects)
    }
  }
  return result
}

/** In one pass: a list may hold 100,000 ids. */
function listedOf(list: QueryList, threads: ReadonlySet<Id>, objects: Objects): Map<Id, Id> {
  const found = new Map<Id, Id>()
  for (const { ids } of list.windows) {
    for (const id of ids) {
      const threadId = objects.baseOf(id)?.threadId
      if (threadId !== undefined && threads.has(threadId)) {
        found.set(threadId, id)
      }
    }
  }
  return found
}

function without(list: QueryList, id: Id): QueryList {
  let shift = 0
  const windows = list.windows.map((window): ListWindow => {
    const at = window.ids.indexOf(id)
    const ids = at < 0 ? window.ids : window.ids.toSpliced(at, 1)
    const next = { from: window.from - shift, ids }
    shift += at < 0 ? 0 : 1
    return next
  })
  return { ...list, total: added(list.total, -shift), windows }
}

/** It is listed at a place that was never asked for. */
function withoutUnseen(list: QueryList, email: Email, query: ListQuery, objects: Objects): QueryList {
  const windows = list.windows.map((window) =>
    startsAfter(window, email, query, objects) ? { ...window, from: Math.max(0, window.from - 1) } : window
  )
  return { ...list, total: added(list.total, -1), windows }
}

/** At its place, if that is known: within a window, or at the very top. */
function inserted(list: QueryList, email: Email, query: ListQuery, objects: Objects): QueryList {
  let isPlaced = false
  const windows = list.windows.map((window): ListWindow => {
    if (isPlaced || startsAfter(window, email, query, objects)) {
      const isTop = !isPlaced && window.from === 0
      isPlaced = true
      return isTop ? { from: 0, ids: [email.id, ...window.ids] } : { ...window, from: window.from + 1 }
    }
    const at = window.ids.findIndex((id) => comesAfter(id, email, query, objects))
    const end = window.from + window.ids.length
    if (at < 0 && end !== list.total) {
      // Behind the window, or between it and the next one.
      return window
    }
    isPlaced = true
    return { ...window, ids: window.ids.toSpliced(at < 0 ? window.ids.length : at, 0, email.id) }
  })
  return {
    ...list,
    total: added(list.total, 1),
    windows: windows.length > 0 || list.total !== 0 ? windows : [{ from: 0, ids: [email.id] }]
  }
}

function startsAfter({ ids }: ListWindow, email: Email, query: ListQuery, objects: Objects): boolean {
  return ids[0] !== undefined && comesAfter(ids[0], email, query, objects)
}

function comesAfter(id: Id, email: Email, query: ListQuery, objects: Objects): boolean {
  const other = objects.baseOf(id)
  return other !== undefined && compared(query.sort, email, other) < 0
}

function added(total: number | null, by: number): number | null {
  return total === null ? null : Math.max(0, total + by)
}
