/** New mail on top of a list, for whoever cannot see that it came. */
import { nameOf } from '#lib/mail/people.ts'
import type { Row } from '#lib/state/mail.ts'
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'

/** Further ones are not named: nobody listens to more. */
const MOST = 20

/** The newest mail of a list that was seen: the mail server tells times in whole seconds, so several have the same. */
export interface Top {
  readonly time: Date
  readonly ids: readonly string[]
}

/** As the list is now. What left it since `before` and comes back, as by an undo, is not new. */
export function topOf(list: Pick<ConversationList, 'row'>, before?: Top): Top {
  const time = list.row(0)?.time ?? new Date(0)
  if (before && before.time > time) return before
  const ids = before && before.time >= time ? [...before.ids] : []
  for (let index = 0; index < MOST; index += 1) {
    const next = list.row(index)
    if (!next || next.time < time) break
    ids.push(next.emailId)
  }
  return { time, ids }
}

/** Unread conversations on top of the list that came after `top`; what the person sent is no news. */
export function arrivals(list: Pick<ConversationList, 'row'>, { time, ids }: Top): Row[] {
  const found: Row[] = []
  for (let index = 0; index < MOST; index += 1) {
    const next = list.row(index)
    if (!next || next.time < time) break
    const since = next.news - time.getTime()
    // In the second of the newest that was seen, only other emails are new.
    if (next.time > time ? since > 0 : since >= 0 && !ids.includes(next.emailId)) found.push(next)
  }
  return found
}

/** Each once. A name that could not be confirmed stands nowhere without that warning. */
export function senderNames(rows: readonly Row[], me: string): string {
  const confirmed = rows.filter(({ warning }) => !warning)
  return [...new Set(confirmed.flatMap(({ people }) => people.map((person) => nameOf(person, me))))].join(', ')
}
