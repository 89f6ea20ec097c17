/**
 * A condition as a test of Sieve. All comparisons ignore case: of ASCII letters by the standard (i;ascii-casemap), of all
 * letters on Stalwart.
 */
import type { Condition, Field } from './filter.ts'
import { literal, listed, oneLine } from './text.ts'

const HEADERS: Partial<Record<Field, readonly string[]>> = {
  from: ['from'],
  to: ['to'],
  cc: ['cc'],
  recipient: ['to', 'cc', 'bcc'],
  subject: ['subject'],
  list: ['list-id']
}

/** What is shown as a file: some programs send documents without a disposition, or as `inline` (RFC 5703 §4). */
const ATTACHED = `anyof (${[
  'header :mime :anychild :contains "Content-Disposition" "attachment"',
  'header :mime :anychild :type :is "Content-Type" ["application", "message"]',
  'header :mime :anychild :contenttype :is "Content-Type" "text/calendar"'
].join(', ')})`

/** The same as `ATTACHED`. */
export function isAttached({ type, disposition }: Part): boolean {
  return disposition?.toLowerCase() === 'attachment' || /^(application|message)\/|^text\/calendar$/i.test(type ?? '')
}

/** One of the parts of a mail that are no text of it */
export interface Part {
  readonly type: string | null
  readonly disposition: string | null
}

export function testOf(condition: Condition): string {
  const value = oneLine(condition.value)
  const { field, test } = condition
  switch (field) {
    case 'size':
      return `size :${test === 'under' ? 'under' : 'over'} ${String(sizeOf(value))}`
    case 'attachment':
      return ATTACHED
    case 'body': {
      const [how, key] = patternOf('contains', value)
      return `body :text ${how} ${listed([key])}`
    }
    case 'list':
      return test === 'is' ? listTest(value) : headerTest(['list-id'], condition)
    case 'subject':
    case 'header':
      return headerTest(headersOf(condition), condition)
    default:
      // An address is compared alone; whoever looks for a part may mean the name.
      return test === 'contains' ? headerTest(headersOf(condition), condition) : addressTest(condition, value)
  }
}

export function headersOf({ field, header }: Condition): readonly string[] {
  return HEADERS[field] ?? [oneLine(header).trim()]
}

/** Octets. RFC 5228 §2.4.1: a server need not know larger numbers than 2^31 - 1. */
export function sizeOf(value: string): number {
  const size = Number.parseInt(value, 10)
  return Number.isFinite(size) ? Math.min(Math.max(size, 0), 2 ** 31 - 1) : 0
}

/** RFC 2919 §3: the id stands in angle brackets behind a phrase. */
function listTest(value: string): string {
  return `header :matches "list-id" ${listed([`*<${literal(value)}>*`, literal(value)])}`
}

function headerTest(headers: readonly string[], { test, value }: Condition): string {
  return `header ${comparison(test, oneLine(value), headers)}`
}

function addressTest(condition: Condition, value: string): string {
  const headers = headersOf(condition)
  return condition.test === 'domain'
    ? `address :domain ${comparison('is', domainIn(value), headers)}`
    : `address ${comparison(condition.test, value, headers)}`
}

export function domainIn(value: string): string {
  return value.trim().replace(/^@/, '')
}

function comparison(test: Condition['test'], value: string, headers: readonly string[]): string {
  const [how, key] = patternOf(test, value)
  return `${how} ${listed(headers)} ${listed([key])}`
}

/** Stalwart reads `\\n` as a line end, and others of its kind wrongly too: any one letter stands for a backslash. */
function wildcards(value: string): string {
  return value.split('\\').map(literal).join('?')
}

function patternOf(test: Condition['test'], value: string): [how: string, key: string] {
  const pattern = wildcards(value)
  switch (test) {
    case 'begins':
      return [':matches', `${pattern}*`]
    case 'ends':
      return [':matches', `*${pattern}`]
    case 'contains':
      return value.includes('\\') ? [':matches', `*${pattern}*`] : [':contains', value]
    default:
      return value.includes('\\') ? [':matches', pattern] : [':is', value]
  }
}
