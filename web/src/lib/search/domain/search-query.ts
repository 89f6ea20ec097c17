/**
 * A search as it is typed → what it means, and back. Between terms stands "and"; OR binds closer, as in Gmail: `a b OR c` is
 * a and (b or c). Whatever is typed means something: an operator that there is not is looked for as text, and reported.
 */
import {
  fixedValueOf,
  meantOperator,
  meantValue,
  operatorOf,
  takesFixedValues,
  type Operator
} from './search-operators.ts'
import { tokensOf, type Token } from './search-tokens.ts'
import { dayOf, sizeOf } from './search-values.ts'

export type Query =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  | { readonly kind: 'text'; readonly value: string; readonly phrase: boolean }
  | { readonly kind: 'field'; readonly operator: Operator; readonly value: string }

/** Something that is looked for as text though it looks like an operator. */
export interface Problem {
  readonly from: number
  readonly to: number
  readonly typed: string
  /** what could have been meant, to be put in its place; null if nothing is near */
  readonly meant: string | null
}

export interface Parsed {
  readonly query: Query
  readonly problems: readonly Problem[]
}

/** The value of `in:` or `label:` that there is, by what was typed; undefined if there is none. */
export type Known = (operator: 'in' | 'label', value: string) => { value: string } | { meant: string | null }

/** Parentheses in parentheses: a mail server must answer the same depth. */
const DEEPEST = 6
/** Terms: each is one look-up of the mail server. */
const MOST_TERMS = 40

export const NOTHING: Query = { kind: 'all', of: [] }

const ANYTHING: Known = (_, value) => ({ value })

export function parsed(typed: string, known: Known = ANYTHING): Parsed {
  const reading = new Reading(tokensOf(typed), typed, known)
  return { query: reading.all(0), problems: reading.problems }
}

export function isEmpty(query: Query): boolean {
  return query.kind === 'all' && query.of.length === 0
}

class Reading {
  readonly problems: Problem[] = []
  readonly #tokens: readonly Token[]
  readonly #typed: string
  readonly #known: Known
  #at = 0
  #terms = 0
  /** operators whose values stand in the parentheses that are open */
  readonly #names: (Operator | null)[] = []

  constructor(tokens: readonly Token[], typed: string, known: Known) {
    this.#tokens = tokens
    this.#typed = typed
    this.#known = known
  }

  /** Terms up to a parenthesis that closes, or to the end. At depth 0 a closing one closes nothing. */
  all(depth: number): Query {
    const terms: Query[] = []
    for (let token = this.#tokens[this.#at]; token; token = this.#tokens[this.#at]) {
      if (token.kind === 'close') {
        this.#at += 1
        if (depth > 0) break
      } else {
        terms.push(...this.#any(depth))
      }
    }
    return joined('all', terms)
  }

  #any(depth: number): Query[] {
    const choices = this.#term(depth)
    while (this.#tokens[this.#at]?.kind === 'or') {
      this.#at += 1
      choices.push(...this.#term(depth))
    }
    return choices.length === 0 ? [] : [joined('any', choices)]
  }

  /** None for what means nothing yet, such as an operator without its value. */
  #term(depth: number): Query[] {
    let negated = false
    for (let token = this.#tokens[this.#at]; token; token = this.#tokens[this.#at]) {
      if (token.kind === 'close' || token.kind === 'or') return []
      this.#at += 1
      if (token.kind === 'not') {
        negated = !negated
        continue
      }
      const found = token.kind === 'word' ? this.#word(token) : this.#group(token, depth)
      if (!found || isEmpty(found)) return []
      return [negated ? denied(found) : found]
    }
    return []
  }

  /** The tree stays flat beyond the deepest parenthesis: its terms count, the parenthesis does not. */
  #group(token: Token & { kind: 'open' | 'names' | 'close' | 'or' | 'not' }, depth: number): Query | null {
    let operator: Operator | null = this.#names.at(-1) ?? null
    if (token.kind === 'names') {
      operator = operatorOf(token.name) ?? null
      if (!operator) this.#report(token, token.to - 1 - token.from, meantOperator(token.name))
      if (this.#tokens[this.#at]?.kind === 'open') this.#at += 1
    }
    if (depth >= DEEPEST) return null
    this.#names.push(operator)
    const inner = this.all(depth + 1)
    this.#names.pop()
    return inner
  }

  #word(token: Token & { kind: 'word' }): Query | null {
    const name = token.name ?? this.#names.at(-1) ?? null
    if (token.value === '' || this.#terms >= MOST_TERMS) return null
    this.#terms += 1
    if (name === null) return { kind: 'text', value: token.value, phrase: token.quoted }
    const operator = operatorOf(name)
    if (!operator) return this.#asText(token, name.length, meantOperator(name))
    const checked = this.#checked(operator, token.value)
    if ('value' in checked) return { kind: 'field', operator, value: checked.value }
    return this.#asText(
      token,
      token.to - token.from,
      checked.meant === null ? null : `${name}:${inQuotes(checked.meant)}`
    )
  }

  #asText(token: Token & { kind: 'word' }, length: number, meant: string | null): Query {
    this.#report(token, length, meant)
    const value = token.name === null ? token.value : `${token.name}:${token.value}`
    // In quotes, spaces and all: the same text means the same when it is read again.
    return { kind: 'text', value, phrase: token.quoted }
  }

  #report({ from }: Token, length: number, meant: string | null): void {
    this.problems.push({ from, to: from + length, typed: this.#typed.slice(from, from + length), meant })
  }

  #checked(operator: Operator, typed: string): ReturnType<Known> {
    if (takesFixedValues(operator)) {
      const value = fixedValueOf(operator, typed)
      return value === undefined ? { meant: meantValue(operator, typed) } : { value }
    }
    switch (operator) {
      case 'larger':
      case 'smaller':
        return sizeOf(typed) === null ? { meant: null } : { value: typed }
      case 'before':
      case 'after':
      case 'older':
      case 'newer':
        return dayOf(typed, new Date(0)) === null ? { meant: null } : { value: typed }
      case 'in':
      case 'label':
        return this.#known(operator, typed)
      default:
        return { value: typed }
    }
  }
}

function joined(kind: 'all' | 'any', of: readonly Query[]): Query {
  const flat = of.flatMap((one) => (one.kind === kind ? one.of : [one]))
  const [only] = flat
  return flat.length === 1 && only ? only : { kind, of: flat }
}

function denied(query: Query): Query {
  return query.kind === 'not' ? query.of : { kind: 'not', of: query }
}

/** The same search as it would be typed, with the English names. */
export function printed(query: Query): string {
  switch (query.kind) {
    case 'all':
      return query.of.map((one) => printed(one)).join(' ')
    case 'any':
      return query.of.map((one) => (one.kind === 'all' ? `(${printed(one)})` : printed(one))).join(' OR ')
    case 'not':
      return query.of.kind === 'all' || query.of.kind === 'any' ? `-(${printed(query.of)})` : `-${printed(query.of)}`
    case 'text':
      return query.phrase ? `"${query.value}"` : query.value
    case 'field':
      return `${query.operator}:${inQuotes(query.value)}`
  }
}

/** The value of an operator as it is typed. */
export function inQuotes(value: string): string {
  return /[\s()]/u.test(value) ? `"${value}"` : value
}
