/** To, Cc and Bcc while a person edits them: each list is replaced, never changed in place. */
import type { Draft, Recipient } from '#lib/writing/domain/draft.ts'
import { withRecipients } from '#lib/writing/domain/addressees.ts'

export const LISTS = ['to', 'cc', 'bcc'] as const
export type ListName = (typeof LISTS)[number]
export type Lists = Pick<Draft, ListName>

/** Where a recipient stands. */
export interface Place {
  readonly list: ListName
  readonly at: number
}

export function without(before: readonly Recipient[], at: number): readonly Recipient[] {
  return before.filter((_, index) => index !== at)
}

/** What changes when somebody is moved from one list to the end of another. */
export function moved(lists: Lists, from: Place, to: ListName): Partial<Lists> {
  const who = lists[from.list][from.at]
  if (!who || from.list === to) return {}
  return { [from.list]: without(lists[from.list], from.at), [to]: withRecipients(lists[to], [who]) }
}
