/** What a search means → the filter that a mail server understands (RFC 8621 §4.4.1). */
import { baseSubject, isPrefix } from '#lib/mail/base-subject.ts'
import type { Operator } from './search-operators.ts'
import type { Query } from './search-query.ts'
import { ANYWHERE, dayOf, sizeOf, utcDate } from './search-values.ts'

interface Condition {
  inMailbox?: string
  inMailboxOtherThan?: readonly string[]
  before?: string
  after?: string
  minSize?: number
  maxSize?: number
  hasKeyword?: string
  notKeyword?: string
  hasAttachment?: boolean
  text?: string
  from?: string
  to?: string
  cc?: string
  subject?: string
}

export type Filter = { operator: 'AND' | 'OR' | 'NOT'; conditions: readonly Filter[] } | Condition

/** What a search refers to without saying it. */
export interface Surroundings {
  readonly now: Date
  /** the address that "me" stands for */
  readonly me: string
  /** the ids of the mailboxes that `in:` names: several if several have the name */
  mailboxes(name: string): readonly string[]
  /** of a label, as the mail server keeps it */
  keyword(label: string): string
  /** the mailboxes in which a search does not look unless it names one: Spam and Trash */
  readonly aside: readonly string[]
}

/** The filter of a search; null if it has none, since nothing, or only what a device can answer, is asked for. */
export function filterOf(query: Query, around: Surroundings): Filter | null {
  if (names(query, 'filename')) return null
  const filter = translated(query, around)
  if (filter === null || names(query, 'in') || around.aside.length === 0) return filter
  return { operator: 'AND', conditions: [filter, { inMailboxOtherThan: around.aside }] }
}

/** The filter of what the same search would find in Spam and Trash; null if it looks there already. */
export function asideFilterOf(query: Query, around: Surroundings): Filter | null {
  if (names(query, 'filename') || names(query, 'in') || around.aside.length === 0) return null
  const filter = translated(query, around)
  if (filter === null) return null
  // All of its mailboxes are aside: what lies elsewhere too is found already.
  const elsewhere: Filter = { operator: 'NOT', conditions: [{ inMailboxOtherThan: around.aside }] }
  return { operator: 'AND', conditions: [filter, elsewhere] }
}

/** Whether an operator occurs anywhere in it. */
export function names(query: Query, operator: Operator): boolean {
  switch (query.kind) {
    case 'all':
    case 'any':
      return query.of.some((one) => names(one, operator))
    case 'not':
      return names(query.of, operator)
    case 'field':
      return query.operator === operator
    case 'text':
      return false
  }
}

/** null for all mail. `isDenied`: what it finds is left out. */
function translated(query: Query, around: Surroundings, isDenied = false): Filter | null {
  switch (query.kind) {
    case 'all':
    case 'any': {
      const of = query.kind === 'all' && !isDenied ? withoutPrefixes(query.of) : query.of
      const parts = of.map((one) => translated(one, around, isDenied))
      const conditions = parts.filter((part) => part !== null)
      // One of the choices is all mail.
      if (query.kind === 'any' && conditions.length < parts.length) return null
      const [only] = conditions
      return conditions.length < 2 ? (only ?? null) : { operator: query.kind === 'all' ? 'AND' : 'OR', conditions }
    }
    case 'not': {
      const inner = translated(query.of, around, !isDenied)
      return inner && { operator: 'NOT', conditions: [inner] }
    }
    case 'text': {
      const value = isDenied ? query.value : withoutPrefix(query.value)
      return { text: query.phrase ? `"${value}"` : value }
    }
    case 'field':
      return fieldFilter(query.operator, isDenied ? query.value : valueOf(query), around)
  }
}

function valueOf({ operator, value }: Query & { kind: 'field' }): string {
  return operator === 'subject' ? withoutPrefix(value) : value
}

/**
 * Stalwart knows no "Re:" of a subject: it finds base subjects only (RFC 5256 §2.1). Other servers find more without it.
 * Where what is found is left out, more must not be.
 */
function withoutPrefix(value: string): string {
  return baseSubject(value) || value
}

/** A subject as it was copied: in front of further words, "Re[2]:" is no word that is looked for. */
function withoutPrefixes(terms: readonly Query[]): readonly Query[] {
  const isLast = (at: number): boolean => !terms.slice(at).some((term) => wordOf(term) !== null && !isInFront(term))
  return terms.filter((term, at) => !isInFront(term) || isLast(at))
}

function isInFront(term: Query): boolean {
  return isPrefix(wordOf(term) ?? '')
}

/** What is looked for in subjects, among other places perhaps; null: something else. */
function wordOf(term: Query): string | null {
  return term.kind === 'text' || (term.kind === 'field' && term.operator === 'subject') ? term.value : null
}

const KEYWORDS: Readonly<Record<string, Filter>> = {
  unread: { notKeyword: '$seen' },
  read: { hasKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  draft: { hasKeyword: '$draft' }
}

function fieldFilter(operator: Operator, value: string, around: Surroundings): Filter | null {
  const address = isMe(value) && around.me ? around.me : value
  switch (operator) {
    case 'from':
      return { from: address }
    case 'to':
      return { to: address }
    case 'cc':
      return { cc: address }
    case 'subject':
      return { subject: /\s/u.test(value) ? `"${value}"` : value }
    case 'in':
      return inMailboxes(value, around)
    case 'label':
      return { hasKeyword: around.keyword(value) }
    case 'is':
      return KEYWORDS[value] ?? null
    case 'has':
      return { hasAttachment: true }
    case 'larger':
      return { minSize: sizeOf(value) ?? 0 }
    case 'smaller':
      return { maxSize: sizeOf(value) ?? 0 }
    case 'before':
    case 'older':
      return { before: utcDate(dayOf(value, around.now) ?? around.now) }
    case 'after':
    case 'newer':
      return { after: utcDate(dayOf(value, around.now) ?? around.now) }
    case 'filename':
      return null
  }
}

function inMailboxes(name: string, around: Surroundings): Filter | null {
  if (name === ANYWHERE) return null
  const [first, ...others] = around.mailboxes(name).map((id) => ({ inMailbox: id }))
  if (!first) return null
  return others.length === 0 ? first : { operator: 'OR', conditions: [first, ...others] }
}

export function isMe(value: string): boolean {
  return ['me', 'mich', 'mir'].includes(value.toLowerCase())
}
