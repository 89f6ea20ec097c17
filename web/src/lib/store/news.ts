/** What is news to a person: unread, and not theirs. */
import type { Email } from '#lib/jmap/types.ts'
import { isUnread } from './counts.ts'

/** A list sends the person a copy of what they wrote, maybe together with somebody's reply, which is news. So is what somebody
 * writes who names the person beside themselves. */
export function isNews(email: Email, isOwn: (address: string) => boolean): boolean {
  return isUnread(email) && !(email.from?.length && email.from.every((one) => isOwn(one.email)))
}
