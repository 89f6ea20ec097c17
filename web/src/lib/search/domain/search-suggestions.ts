/** What a search field suggests for what stands in it: people, values of operators, operators, and earlier searches. */
import { honestFirst, type Named } from '#lib/mail/honest-first.ts'
import { folded } from './search-match.ts'
import { operatorOf, type Operator } from './search-operators.ts'
import { inQuotes, isEmpty, parsed, type Problem, type Query } from './search-query.ts'
import { tokenBefore, tokensOf, type Token } from './search-tokens.ts'

export type SuggestionKind = 'meant' | 'person' | 'value' | 'operator' | 'narrow' | 'saved' | 'recent' | 'save'

export interface Suggestion {
  readonly kind: SuggestionKind
  /** what it shows: "from:jonas@example.net", the words of an earlier search */
  readonly label: string
  /** the operator of which it needs a line of help */
  readonly operator?: Operator
  /** the name of a person, or of a saved search */
  readonly name?: string
  /** as whom this person is taken, although the address is somebody else's */
  readonly imitates?: string | null
  /** what stands in the field afterwards */
  readonly text: string
  /** whether it is searched for at once; else the person types on */
  readonly complete: boolean
}

export interface Known {
  readonly people: readonly Named[]
  /** as whom somebody is taken whose address only looks like theirs */
  readonly imitatedBy?: (person: Named) => string | null
  readonly recent: readonly string[]
  readonly saved: readonly { readonly name: string; readonly query: string }[]
  readonly folders: readonly string[]
  readonly labels: readonly string[]
}

/** Rows of each kind. */
const MOST = { person: 4, value: 6, operator: 3, narrow: 6, recent: 3, recentFirst: 5 }

const PEOPLE: readonly (Operator | undefined)[] = ['from', 'to', 'cc']
const VALUES: Readonly<Partial<Record<Operator, readonly string[]>>> = {
  is: ['unread', 'read', 'starred', 'draft'],
  has: ['attachment'],
  larger: ['1M', '5M', '20M'],
  smaller: ['100k', '1M'],
  before: ['today', '7d', '1m', '1y'],
  after: ['yesterday', '7d', '1m', '1y'],
  older: ['7d', '1m', '1y'],
  newer: ['yesterday', '7d', '1m']
}
/** In this order before anything is typed. */
export const SHOWN_OPERATORS: readonly Operator[] = [
  'from',
  'to',
  'subject',
  'in',
  'label',
  'is',
  'has',
  'filename',
  'larger',
  'before',
  'after'
]

export function suggestionsFor(typed: string, cursor: number, known: Known): Suggestion[] {
  const { query, problems } = parsed(typed)
  if (typed.trim() === '') return beforeTyping(known)
  const token = tokenBefore(typed, cursor)
  return [
    ...problems.flatMap((problem) => meant(typed, problem)),
    ...completions(typed, token, known),
    ...narrowing(typed, query, known),
    ...earlier(typed, known),
    ...(isEmpty(query) || known.saved.some((saved) => saved.query === typed.trim())
      ? []
      : [{ kind: 'save', label: '', text: typed.trim(), complete: false } as const])
  ]
}

/** What a misspelt operator could be. */
function meant(typed: string, { from, to, meant: word }: Problem): Suggestion[] {
  const text = typed.slice(0, from) + (word ?? '') + typed.slice(to)
  return word === null ? [] : [{ kind: 'meant', label: text, text, complete: false }]
}

function beforeTyping({ recent, saved }: Known): Suggestion[] {
  return [
    ...saved.map((one) => savedSearch(one)),
    ...recent.slice(0, MOST.recentFirst).map((text) => recentSearch(text)),
    ...SHOWN_OPERATORS.map((operator) => operatorName(operator, { from: 0, to: 0 }, ''))
  ]
}

/** What the word at the cursor could become. */
function completions(typed: string, token: Token | undefined, known: Known): Suggestion[] {
  if (token?.kind !== 'word' || token.quoted) return []
  const wanted = folded(token.value)
  if (token.name === null) {
    const operators = SHOWN_OPERATORS.filter((one) => one.startsWith(wanted)).slice(0, MOST.operator)
    return [
      ...(wanted.length < 2 ? [] : peopleFor(typed, token, 'from', wanted, known)),
      ...operators.map((operator) => operatorName(operator, token, typed))
    ]
  }
  const operator = operatorOf(token.name)
  if (!operator) return []
  if (PEOPLE.includes(operator)) return peopleFor(typed, token, token.name, wanted, known)
  const values = operator === 'in' ? known.folders : operator === 'label' ? known.labels : (VALUES[operator] ?? [])
  return values
    .filter((value) => folded(value).includes(wanted) && value !== token.value)
    .slice(0, MOST.value)
    .map((value) => completed('value', typed, token, `${token.name ?? ''}:${inQuotes(value)}`))
}

function peopleFor(typed: string, token: Token, name: string, wanted: string, known: Known): Suggestion[] {
  const found = known.people.filter((person) => folded(`${person.name} ${person.address}`).includes(wanted))
  // Whose name begins with it comes before whose address has it somewhere.
  const begins = ({ name: full, address }: Named): boolean =>
    folded(`${full} ${address}`)
      .split(/[\s.@_-]+/u)
      .some((word) => word.startsWith(wanted))
  const all = [...found.filter(begins), ...found.filter((person) => !begins(person))]
  return honestFirst(all, MOST.person, known.imitatedBy ?? (() => null)).map((person) => ({
    ...completed('person', typed, token, `${name}:${person.address}`),
    name: person.name,
    imitates: person.imitates
  }))
}

function completed(kind: SuggestionKind, typed: string, token: Token, label: string): Suggestion {
  const text = `${typed.slice(0, token.from)}${label} ${typed.slice(token.to).trimStart()}`
  return { kind, label, text, complete: true }
}

function operatorName(operator: Operator, { from, to }: { from: number; to: number }, typed: string): Suggestion {
  const label = `${operator}:`
  return { kind: 'operator', label, operator, text: typed.slice(0, from) + label + typed.slice(to), complete: false }
}

/** What would make the present result smaller: operators that are not in it yet. */
function narrowing(typed: string, query: Query, { labels }: Known): Suggestion[] {
  if (isEmpty(query)) return []
  const used = new Set(
    tokensOf(typed).flatMap((token) => ('name' in token && token.name ? [operatorOf(token.name)] : []))
  )
  const [label] = labels
  const choices: readonly (readonly [Operator, string])[] = [
    ['has', 'attachment'],
    ['is', 'unread'],
    ['in', 'sent'],
    ['older', '1y'],
    ['larger', '5M'],
    ...(label === undefined ? [] : ([['label', label]] as const))
  ]
  return choices
    .filter(([operator]) => !used.has(operator))
    .slice(0, MOST.narrow)
    .map(([operator, value]) => {
      const narrowed = `${operator}:${inQuotes(value)}`
      return { kind: 'narrow', label: narrowed, text: `${typed.trim()} ${narrowed} `, complete: true }
    })
}

function earlier(typed: string, { recent, saved }: Known): Suggestion[] {
  const wanted = folded(typed.trim())
  const others = saved.filter(({ name, query }) => folded(`${name} ${query}`).includes(wanted))
  const searched = recent.filter((text) => folded(text).includes(wanted) && text !== typed.trim())
  return [
    ...others.slice(0, MOST.recent).map((one) => savedSearch(one)),
    ...searched.slice(0, MOST.recent).map((text) => recentSearch(text))
  ]
}

function savedSearch({ name, query }: { name: string; query: string }): Suggestion {
  return { kind: 'saved', label: query, name, text: query, complete: true }
}

function recentSearch(text: string): Suggestion {
  return { kind: 'recent', label: text, text, complete: true }
}
