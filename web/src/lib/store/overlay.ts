/** A list as it is shown: what the server listed, with what the pending patches take out of it and put into it. */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { ListWindow, QueryList } from './list.ts'
import type { Objects } from './objects.ts'
import { compared, isMatch, type ListQuery } from './query.ts'

/** Keywords whose rows stay until the server is asked again: a row does not vanish because it was read. */
const LINGERING = new Set(['$seen', '$flagged'])

/** What happens to the rows, whatever their order. A list may hold 100,000 ids: each is looked at once for all moves. */
interface Moves {
  /** rows that leave */
  readonly listed: Set<Id>
  /** what leaves from places that were never asked for */
  readonly unseen: Email[]
  readonly entering: Email[]
}

export function overlaid(list: QueryList, query: ListQuery, objects: Objects): QueryList {
  const touched = objects.touchedThreads()
  if (touched.size === 0) {
    return list
  }
  const listed = listedOf(list, touched, objects)
  const moves: Moves = { listed: new Set(), unseen: [], entering: [] }
  for (const threadId of touched) {
    note(moves, threadId, listed.get(threadId), query, objects)
  }
  return moved(list, moves, query, objects)
}

/** Without the rows that are known not to belong to the list any more. */
export function withoutStrangers(list: QueryList, query: ListQuery, objects: Objects): QueryList {
  const moves: Moves = { listed: new Set(), unseen: [], entering: [] }
  for (const email of list.windows.flatMap(({ ids }) => ids).map((id) => objects.baseOf(id))) {
    if (email && isMatch(query, email) === false) {
      const others = objects.thread(email.threadId).flatMap((id) => objects.baseOf(id) ?? [])
      const [next] = inOrder(matching(query, others, email.id), query)
      moves.listed.add(email.id)
      moves.entering.push(...(next ? [next] : []))
    }
  }
  return moved(list, moves, query, objects)
}

/** What the pending patches do to one conversation, of which the server listed the email `listed`, if any. */
function note(moves: Moves, threadId: Id, listed: Id | undefined, query: ListQuery, objects: Objects): void {
  const ids = objects.thread(threadId)
  const before = ids.flatMap((id) => objects.baseOf(id) ?? [])
  const after = ids.flatMap((id) => lingering(objects.email(id), objects.baseOf(id), query) ?? [])
  const had = matching(query, before, listed)
  const has = matching(query, after, listed)
  if (had.length === has.length && had.every(({ id }, at) => id === has[at]?.id)) {
    return
  }
  const known = new Set(had.map(({ id }) => id))
  // The server may order emails another way: the one that it lists stays, unless one that is new comes before it.
  const stays = has.some(({ id }) => id === listed)
  const [next] = inOrder(stays ? has.filter(({ id }) => id === listed || !known.has(id)) : has, query)
  const [unseen] = listed === undefined ? inOrder(had, query) : []
  if (next?.id === (listed ?? unseen?.id)) {
    return
  }
  if (listed !== undefined) {
    moves.listed.add(listed)
  }
  moves.unseen.push(...(unseen ? [unseen] : []))
  moves.entering.push(...(next ? [next] : []))
}

/** Where only the server can tell whether an email matches, it does if the server listed it. */
function matching(query: ListQuery, emails: readonly Email[], listed: Id | undefined): Email[] {
  return emails.filter((email) => isMatch(query, email) ?? email.id === listed)
}

/** RFC 8621 §4.4.3: of a conversation, the first email that matches stands in the list. */
function inOrder(emails: readonly Email[], query: ListQuery): Email[] {
  return emails.toSorted((one, other) => compared(query.sort, one, other))
}

/** The email with the keywords that it had, as far as they decide about rows that stay. */
function lingering(shown: Email | undefined, base: Email | undefined, query: ListQuery): Email | undefined {
  if (!shown || !base || shown === base || query.filter === null) {
    return shown
  }
  const others = Object.entries(shown.keywords).filter(([keyword]) => !LINGERING.has(keyword))
  const kept = Object.entries(base.keywords).filter(([keyword]) => LINGERING.has(keyword))
  return { ...shown, keywords: Object.fromEntries([...others, ...kept]) }
}

function listedOf(list: QueryList, threads: ReadonlySet<Id>, objects: Objects): Map<Id, Id> {
  const members = new Map<Id, Id>()
  for (const threadId of threads) {
    objects.thread(threadId).forEach((id) => members.set(id, threadId))
  }
  const found = new Map<Id, Id>()
  for (const { ids } of list.windows) {
    for (const id of ids) {
      const threadId = members.get(id)
      if (threadId !== undefined) {
        found.set(threadId, id)
      }
    }
  }
  return found
}

function moved(list: QueryList, { listed, unseen, entering }: Moves, query: ListQuery, objects: Objects): QueryList {
  if (listed.size === 0 && unseen.length === 0 && entering.length === 0) {
    return list
  }
  const comesFirst = (email: Email, id: Id | undefined): boolean => {
    const other = objects.baseOf(id ?? '')
    return other !== undefined && compared(query.sort, email, other) < 0
  }
  const left = without(list, listed, (ids) => unseen.filter((email) => comesFirst(email, ids[0])).length)
  const total = added(list.total, -listed.size - unseen.length)
  const rest = { ...list, total, windows: left }
  return entering.length === 0 ? rest : inserted(rest, inOrder(entering, query), comesFirst)
}

function without(list: QueryList, gone: ReadonlySet<Id>, unseenBefore: (ids: readonly Id[]) => number): ListWindow[] {
  let shift = 0
  return list.windows.map(({ from, ids }) => {
    const left = gone.size > 0 ? ids.filter((id) => !gone.has(id)) : ids
    const window = { from: Math.max(0, from - shift - unseenBefore(ids)), ids: left }
    shift += ids.length - left.length
    return window
  })
}

/** Each at its place, if that is known: within a window, at the very top, or at the end. `emails` are in order. */
function inserted(
  list: QueryList,
  emails: readonly Email[],
  comesFirst: (email: Email, id: Id | undefined) => boolean
): QueryList {
  let placed = 0
  const isEmpty = list.windows.length === 0 && list.total === 0
  const windows = (isEmpty ? [{ from: 0, ids: [] }] : list.windows).map(({ from, ids }): ListWindow => {
    const isEnd = from + ids.length === list.total
    const before = placed
    const result: Id[] = []
    let start = from + before
    for (const id of ids) {
      for (let email = emails[placed]; email && comesFirst(email, id); email = emails[placed]) {
        placed += 1
        if (result.length === 0 && from > 0) {
          // Between this window and the one before.
          start += 1
        } else {
          result.push(email.id)
        }
      }
      result.push(id)
    }
    if (isEnd) {
      result.push(...emails.slice(placed).map(({ id }) => id))
      placed = emails.length
    }
    return { from: start, ids: placed === before ? ids : result }
  })
  return { ...list, total: added(list.total, emails.length), windows }
}

function added(total: number | null, by: number): number | null {
  return total === null ? null : Math.max(0, total + by)
}
