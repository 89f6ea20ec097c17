/** Other searches that a person may want instead of the one that is shown. */
import { ANYWHERE } from '#lib/search/domain/search-values.ts'
import type { Problem } from './search-query.ts'

/** The same, with Spam and Trash. */
export function everywhere(query: string): string {
  return `${query} in:${ANYWHERE}`
}

/** What was meant, in place of what was typed. */
export function corrected(query: string, { from, to, meant }: Problem): string {
  return query.slice(0, from) + (meant ?? '') + query.slice(to)
}
