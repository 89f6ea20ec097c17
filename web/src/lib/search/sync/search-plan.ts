/** What is asked for a search that a person typed. */
import type { Filter } from '#lib/jmap/types.ts'
import { asideFilterOf, filterOf, names, type Surroundings } from '#lib/search/domain/search-filter.ts'
import type { Places } from '#lib/search/domain/search-places.ts'
import { isEmpty, parsed, type Problem, type Query } from '#lib/search/domain/search-query.ts'

export interface SearchPlan {
  readonly query: Query
  readonly problems: readonly Problem[]
  /** `nothing`: nothing that can be looked for was typed. `device`: the mail server has no such filter. */
  readonly scope: 'nothing' | 'server' | 'device'
  /** null for all mail */
  readonly filter: Filter | null
  /** of what the same search finds in Spam and Trash; null if these are not left out */
  readonly aside: Filter | null
  readonly around: Surroundings
  /** what is marked in the text of a row */
  readonly words: readonly string[]
}

/** `now` is when the search began: its days stay the same while it is shown. */
export function planOf(typed: string, places: Places, me: string, now: Date): SearchPlan {
  const { query, problems } = parsed(typed, places.known)
  const around: Surroundings = {
    now,
    me,
    aside: places.aside,
    mailboxes: (name) => places.mailboxes(name),
    keyword: (label) => places.keyword(label)
  }
  const scope = isEmpty(query) ? 'nothing' : names(query, 'filename') ? 'device' : 'server'
  return {
    query,
    problems,
    scope,
    filter: scope === 'server' ? filterOf(query, around) : null,
    aside: scope === 'server' ? asideFilterOf(query, around) : null,
    around,
    words: wordsIn(query)
  }
}

/** Whether a device must leave out Spam and Trash of what it finds. */
export function leavesOut({ query, around, scope }: SearchPlan): boolean {
  return scope !== 'nothing' && around.aside.length > 0 && !names(query, 'in')
}

/** RFC 8621 §5: what is looked for in texts. What must not occur is not marked. */
function wordsIn(query: Query): string[] {
  switch (query.kind) {
    case 'all':
    case 'any':
      return query.of.flatMap(wordsIn)
    case 'not':
      return []
    case 'text':
      return [query.value]
    case 'field':
      return query.operator === 'subject' ? [query.value] : []
  }
}
