/** Email/query of the model server (RFC 8621 §4.4). */
import type { Email, Filter, FilterCondition, Id, Sort } from '#lib/jmap/types.ts'
import type { Stored } from './stored.ts'

const BY_TIME: readonly Sort[] = [{ property: 'receivedAt', isAscending: false }]

export interface Query {
  filter?: Filter | null
  sort?: readonly Sort[] | null
  collapseThreads?: boolean
}

/** Ids of what matches, in its order. */
export function matching(emails: Iterable<Stored>, { filter, sort, collapseThreads }: Query): Id[] {
  const found = [...emails].filter((email) => !filter || matches(email, filter)).toSorted(inOrder(sort ?? BY_TIME))
  // RFC 8621 §4.4.3: of each conversation the first that matches.
  const threads = new Set<Id>()
  return found
    .filter(({ threadId }) => !collapseThreads || (!threads.has(threadId) && Boolean(threads.add(threadId))))
    .map(({ id }) => id)
}

/** Mailboxes that a filter names. */
export function mailboxesIn(filter: Filter | null | undefined): Id[] {
  if (!filter) return []
  if ('operator' in filter) return filter.conditions.flatMap(mailboxesIn)
  return [...(filter.inMailbox === undefined ? [] : [filter.inMailbox]), ...(filter.inMailboxOtherThan ?? [])]
}

function matches(email: Stored, filter: Filter): boolean {
  if (!('operator' in filter)) return meets(email, filter)
  const found = filter.conditions.map((condition) => matches(email, condition))
  if (filter.operator === 'AND') return found.every(Boolean)
  return filter.operator === 'OR' ? found.some(Boolean) : !found.some(Boolean)
}

type Test<K extends keyof FilterCondition> = (email: Stored, value: NonNullable<FilterCondition[K]>) => boolean

const TESTS: { [K in keyof FilterCondition]: Test<K> } = {
  inMailbox: (email, id) => Boolean(email.mailboxIds[id]),
  inMailboxOtherThan: (email, ids) => Object.keys(email.mailboxIds).some((id) => !ids.includes(id)),
  before: (email, time) => email.receivedAt < time,
  after: (email, time) => email.receivedAt >= time,
  minSize: (email, size) => email.size >= size,
  maxSize: (email, size) => email.size < size,
  hasKeyword: (email, keyword) => Boolean(email.keywords[keyword]),
  notKeyword: (email, keyword) => !email.keywords[keyword],
  hasAttachment: (email, has) => email.hasAttachment === has,
  text: (email, text) => has([email.subject, people(email.from), people(email.to), email.preview], text),
  from: (email, text) => has([people(email.from)], text),
  to: (email, text) => has([people(email.to)], text),
  cc: (email, text) => has([people(email.cc ?? null)], text),
  bcc: () => false,
  subject: (email, text) => has([email.subject], text),
  body: (email, text) => has([email.preview], text),
  header: () => false
}

function meets(email: Stored, condition: FilterCondition): boolean {
  return Object.entries(condition).every(([name, value]) => {
    const test = TESTS[name as keyof FilterCondition] as ((email: Stored, value: unknown) => boolean) | undefined
    if (!test) throw new Error('unsupportedFilter')
    return test(email, value)
  })
}

function has(texts: readonly (string | null | undefined)[], wanted: string): boolean {
  return texts.some((text) => text?.toLowerCase().includes(wanted.toLowerCase()))
}

function people(addresses: Email['from']): string {
  return (addresses ?? []).map(({ name, email }) => `${name ?? ''} ${email}`).join(' ')
}

function inOrder(sort: readonly Sort[]): (one: Stored, other: Stored) => number {
  return (one, other) => {
    for (const { property, isAscending } of sort) {
      const order = compared(valueOf(one, property), valueOf(other, property))
      if (order !== 0) return isAscending ? order : -order
    }
    // RFC 8620 §5.5: what is equal stands in an order of the server's, always the same.
    return compared(numberOf(other), numberOf(one))
  }
}

function valueOf(email: Stored, property: Sort['property']): string | number {
  return property === 'from' ? people(email.from) : (email[property] ?? '')
}

function numberOf({ id }: Stored): number {
  return Number(id.replace(/\D/g, ''))
}

function compared(one: string | number, other: string | number): number {
  return one < other ? -1 : one > other ? 1 : 0
}
