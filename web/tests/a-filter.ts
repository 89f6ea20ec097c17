/** A filter of a boss's mail, for tests. */
import type { Condition, Filter, FilterAction } from '#lib/settings/domain/filter.ts'

export const IS_BOSS: Condition = { field: 'from', test: 'is', value: 'boss@example.org', header: '' }
export const MOVE: FilterAction = { kind: 'move', value: 'p' }
export const FILTER: Filter = {
  id: '1',
  name: 'Boss',
  on: true,
  match: 'all',
  conditions: [IS_BOSS],
  actions: [MOVE],
  stop: true
}
