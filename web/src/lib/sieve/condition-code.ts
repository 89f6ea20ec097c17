/** A condition as a test of Sieve. All comparisons ignore the case of ASCII letters (i;ascii-casemap is the default). */
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

export function testOf(condition: Condition): string {
  const value = oneLine(condition.value)
  const { field, test } = condition
  switch (field) {
    case 'size':
      return `size :${test === 'under' ? 'under' : 'over'} ${String(sizeOf(value))}`
    case 'attachment':
      // RFC 5703 §4.1: of the parts of a mail, those that are not shown within it.
      return 'header :mime :anychild :contains "Content-Disposition" "attachment"'
    case 'body':
      return `body :text :contains ${listed([value])}`
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

function patternOf(test: Condition['test'], value: string): [how: string, key: string] {
  switch (test) {
    case 'begins':
      return [':matches', `${literal(value)}*`]
    case 'ends':
      return [':matches', `*${literal(value)}`]
    case 'contains':
      return [':contains', value]
    default:
      return [':is', value]
  }
}
