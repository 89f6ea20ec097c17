/** Where the headings of the list stand: "Today", "Yesterday", "Monday", "Last week", "October". */
import { groupName, groupOf, sameGroup, type Group } from '#lib/mail/dates.ts'
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'
import type { Words } from '#lib/words/en.ts'

/** How far down headings are shown: below, the list is too long to know where its months begin. */
const REACH = 5_000

export interface Headings {
  /** ascending */
  readonly indices: readonly number[]
  readonly groups: ReadonlyMap<number, Group>
}

export const NO_HEADINGS: Headings = { indices: [], groups: new Map() }

/**
 * A heading stands above the first row, and above each row whose group differs from the row before it. Where the row
 * before is not loaded, none stands.
 */
export function headingsOf(list: Pick<ConversationList, 'row' | 'total'>, now: Date): Headings {
  const groups = new Map<number, Group>()
  let before: Group | null = null
  const end = Math.min(list.total ?? 0, REACH)
  for (let index = 0; index < end; index++) {
    const row = list.row(index)
    const group: Group | null = row ? groupOf(row.time, now) : null
    if (group !== null && (index === 0 || (before !== null && !sameGroup(before, group)))) groups.set(index, group)
    before = group
  }
  return { indices: [...groups.keys()], groups }
}

export function headingWord(group: Group, now: Date, words: Words['mail']): string {
  return typeof group === 'string' ? words.groups[group] : groupName(group, now, words.locale)
}
