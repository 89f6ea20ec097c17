/** New mail on top of a list, for whoever cannot see that it came. */
import type { ConversationList, Row } from '#lib/state/mail.ts'

/** Further ones are not named: nobody listens to more. */
const MOST = 20

/** Unread conversations on top of the list that are newer than `since`. */
export function arrivals(list: Pick<ConversationList, 'row'>, since: Date): Row[] {
  const found: Row[] = []
  for (let index = 0; index < MOST; index += 1) {
    const row = list.row(index)
    if (!row || row.time <= since) break
    if (row.unread) found.push(row)
  }
  return found
}
