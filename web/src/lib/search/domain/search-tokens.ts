/** What a person typed into the search field → tokens with their places. */

/** Characters that are read: what is longer was pasted by mistake. */
export const LONGEST_SEARCH = 1000

interface Place {
  /** characters: from the first to behind the last */
  readonly from: number
  readonly to: number
}

export type Token = Place &
  (
    | { readonly kind: 'open' | 'close' | 'or' | 'not' }
    /** `name` is what stands before a colon, if that looks like an operator */
    | { readonly kind: 'word'; readonly name: string | null; readonly value: string; readonly quoted: boolean }
    /** an operator whose values follow in parentheses */
    | { readonly kind: 'names'; readonly name: string }
  )

/** What might be an operator. A web address, a time, or "Re:" before a space is none. */
const NAMED = /^(\p{L}{2,20}):(?!\/)/u
const JOINS: Readonly<Record<string, 'or' | 'and'>> = { OR: 'or', ODER: 'or', AND: 'and', UND: 'and' }
const SPACE = /\s/u
const WORD_END = /[\s()"]/u

/** Never fails: whatever is typed means something. */
export function tokensOf(typed: string): Token[] {
  const text = typed.slice(0, LONGEST_SEARCH)
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const token = tokenAt(text, at)
    if (token !== null && token.kind !== 'gap') tokens.push(token)
    at = token === null ? at + 1 : token.to
  }
  return tokens
}

function tokenAt(text: string, from: number): Token | (Place & { readonly kind: 'gap' }) | null {
  const character = text.charAt(from)
  if (SPACE.test(character)) return null
  if (character === '(' || character === ')') return { kind: character === '(' ? 'open' : 'close', from, to: from + 1 }
  if (character === '-') {
    const isNot = from + 1 < text.length && !SPACE.test(text.charAt(from + 1))
    return isNot ? { kind: 'not', from, to: from + 1 } : null
  }
  if (character === '"') return { ...quoted(text, from), kind: 'word', name: null, from }
  const to = endOfWord(text, from)
  const word = text.slice(from, to)
  const join = Object.hasOwn(JOINS, word) ? JOINS[word] : undefined
  if (join) return { kind: join === 'or' ? 'or' : 'gap', from, to }
  return named(text, from, to) ?? { kind: 'word', name: null, value: word, quoted: false, from, to }
}

/** `name:value`, `name:"a value"`, `name:(values)`. */
function named(text: string, from: number, to: number): Token | null {
  const word = text.slice(from, to)
  const name = NAMED.exec(word)?.[1]
  if (name === undefined) return null
  const value = word.slice(name.length + 1)
  const next = text.charAt(to)
  if (value === '' && next === '"') return { ...quoted(text, to), kind: 'word', name, from }
  if (value === '' && next === '(') return { kind: 'names', name, from, to }
  return { kind: 'word', name, value, quoted: false, from, to }
}

function quoted(text: string, from: number): { value: string; quoted: true; to: number } {
  const end = text.indexOf('"', from + 1)
  const to = end < 0 ? text.length : end
  return { value: text.slice(from + 1, to).trim(), quoted: true, to: Math.min(text.length, to + 1) }
}

function endOfWord(text: string, from: number): number {
  let to = from
  while (to < text.length && !WORD_END.test(text.charAt(to))) to += 1
  return to
}

/** The token in which, or right behind which, the cursor stands. */
export function tokenBefore(typed: string, cursor: number): Token | undefined {
  return tokensOf(typed).find(({ from, to }) => from < cursor && cursor <= to)
}
