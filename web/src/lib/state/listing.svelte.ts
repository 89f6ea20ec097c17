/** Which conversations of a list are shown, and in which order. */
import type { Filter, ListOptions, Sort } from '#lib/state/mail.ts'
import { NEWEST_FIRST } from '#lib/store/query.ts'

export type Only = 'all' | 'unread' | 'starred'

const FILTERS: Readonly<Record<Only, Filter | null>> = {
  all: null,
  unread: { notKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' }
}

export class Listing {
  only = $state<Only>('all')
  /** the filters are shown */
  filtering = $state(false)
  sort = $state.raw<Sort>(NEWEST_FIRST)

  /** `base`: what every conversation of the list matches anyway. */
  how(base: Filter | null = null): ListOptions {
    const filter = FILTERS[this.only]
    const both = base && filter ? ({ operator: 'AND', conditions: [base, filter] } as const) : (base ?? filter)
    return { filter: both, sort: this.sort }
  }
}

/** Groups are of days: they say nothing in another order. */
export function isByDate(sort: Sort | undefined): boolean {
  return (sort?.property ?? 'receivedAt') === 'receivedAt'
}
