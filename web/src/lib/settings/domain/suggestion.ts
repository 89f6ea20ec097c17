/** What a filter that is made from a message may ask for: its list or sender, and words of its subject. */
import { baseSubject } from '#lib/mail/base-subject.ts'
import type { Condition } from './filter.ts'

export interface Suggestion {
  readonly condition: Condition
  /** it is what the person most likely means */
  readonly chosen: boolean
}

export interface Source {
  /** null: it has none */
  readonly sender: string | null
  /** the header of that name; null: it has none */
  readonly listId: string | null
  readonly subject: string
}

const MOST_WORDS = 4
const SHORTEST_WORD = 4
/** In square brackets, as lists put it in front of a subject. */
const TAG = /^\s*(\[[^\]]{2,60}\])/

export function suggestionsFor({ sender, listId, subject }: Source): Suggestion[] {
  const list = listId === null ? null : idOfList(listId)
  const found: Suggestion[] = []
  // Each message of a mailing list has another sender.
  if (list !== null) found.push({ condition: condition('list', 'is', list), chosen: true })
  if (sender !== null) found.push({ condition: condition('from', 'is', sender), chosen: list === null })
  return [...found, ...wordsOf(subject).map((word) => ({ condition: subjectHas(word), chosen: false }))]
}

function subjectHas(word: string): Condition {
  return condition('subject', 'contains', word)
}

function condition(field: Condition['field'], test: Condition['test'], value: string): Condition {
  return { field, test, value, header: '' }
}

/** RFC 2919 §3: a phrase, and the id in angle brackets. */
export function idOfList(header: string): string | null {
  return /<([^<>\s]+)>\s*$/.exec(header)?.[1] ?? (/^\s*[^\s<>]+\s*$/.test(header) ? header.trim() : null)
}

/** The longest words, in their order: short ones are in every subject. */
export function wordsOf(subject: string): string[] {
  const rest = baseSubject(subject)
  const tag = TAG.exec(rest)?.[1]
  const words = [...new Set((tag ? rest.slice(rest.indexOf(tag) + tag.length) : rest).match(/[\p{L}\p{M}\p{N}'’-]+/gu))]
  const long = words
    .filter((word) => word.length >= SHORTEST_WORD && /\p{L}/u.test(word))
    .toSorted((one, other) => other.length - one.length)
    .slice(0, MOST_WORDS)
  return [...(tag ? [tag] : []), ...words.filter((word) => long.includes(word))]
}
