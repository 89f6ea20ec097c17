/** Which conversations a list shows, and whether an email belongs to it as far as this device can tell. */
import type { Email, Filter, FilterCondition, Id, Sort } from '#lib/jmap/types.ts'

export interface ListQuery {
  /** null: of all mailboxes */
  readonly mailboxId: Id | null
  readonly filter: Filter | null
  readonly sort: Sort
  /** Only this device can tell what is in it: the mail server is not asked. */
  readonly device?: boolean
}

export const NEWEST_FIRST: Sort = { property: 'receivedAt', isAscending: false }

export function mailboxQuery(mailboxId: Id): ListQuery {
  return { mailboxId, filter: null, sort: NEWEST_FIRST }
}

/** The same text for the same query, however its properties are ordered. */
export function keyOf(query: ListQuery): string {
  const { mailboxId, filter, sort, device } = query
  const parts = [mailboxId, ordered(filter), sort.property, sort.isAscending]
  return JSON.stringify(device ? [...parts, 'device'] : parts)
}

/** The filter as the server is asked (RFC 8621 §4.4.1); null for all mail. */
export function filterOf({ mailboxId, filter }: ListQuery): Filter | null {
  if (mailboxId === null || filter === null) {
    return mailboxId === null ? filter : { inMailbox: mailboxId }
  }
  return { operator: 'AND', conditions: [{ inMailbox: mailboxId }, filter] }
}

/** Whether the filter lets the email in; null if only the server knows: it has the text, and decides what contains it. */
export function isMatch(query: ListQuery, email: Email): boolean | null {
  const { mailboxId, filter } = query
  if (mailboxId !== null && email.mailboxIds[mailboxId] !== true) {
    return false
  }
  return filter === null || judged(filter, email)
}

/** RFC 8621 §4.4.2: which of two emails comes first. */
export function compared({ property, isAscending }: Sort, one: Email, other: Email): number {
  const [first, second] = [valueOf(property, one), valueOf(property, other)]
  const order = first < second ? -1 : first > second ? 1 : 0
  return isAscending ? order : -order
}

function valueOf(property: Sort['property'], email: Email): string | number {
  switch (property) {
    case 'receivedAt':
      return email.receivedAt
    case 'size':
      return email.size
    case 'from':
      return (email.from?.[0]?.name ?? email.from?.[0]?.email ?? '').toLowerCase()
    case 'subject':
      // RFC 5256 §2.1: the base subject, without Re: and Fwd:
      return (email.subject ?? '').toLowerCase().replace(/^(?:\s*(?:re|fwd?|aw|wg)\s*:)+\s*/u, '')
  }
}

function judged(filter: Filter, email: Email): boolean | null {
  if (!('operator' in filter)) {
    return allOf(conditionsOf(filter, email))
  }
  const found = filter.conditions.map((condition) => judged(condition, email))
  switch (filter.operator) {
    case 'AND':
      return allOf(found)
    case 'OR':
      return negated(allOf(found.map(negated)))
    case 'NOT':
      return allOf(found.map(negated))
  }
}

function conditionsOf(condition: FilterCondition, email: Email): (boolean | null)[] {
  return Object.entries(condition).map(([name, value]) => {
    switch (name) {
      case 'inMailbox':
        return email.mailboxIds[value as Id] === true
      case 'inMailboxOtherThan':
        return Object.keys(email.mailboxIds).some((id) => !(value as Id[]).includes(id))
      case 'hasKeyword':
        return email.keywords[(value as string).toLowerCase()] === true
      case 'notKeyword':
        return email.keywords[(value as string).toLowerCase()] !== true
      case 'hasAttachment':
        return email.hasAttachment === value
      default:
        return null
    }
  })
}

function allOf(found: readonly (boolean | null)[]): boolean | null {
  return found.includes(false) ? false : found.includes(null) ? null : true
}

function negated(value: boolean | null): boolean | null {
  return value === null ? null : !value
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(ordered)
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, inner]) => [name, ordered(inner)])
}
