/** A patch of an Email's keywords and mailboxIds (RFC 8620 §5.3): of a whole map, or of one key. */
import type { Arguments, Email } from '#lib/jmap/types.ts'

type Maps = Pick<Email, 'keywords' | 'mailboxIds'>

/** Null if it may not be so: a message lies in one mailbox at least, and the mailboxes are there. */
export function patched(email: Email, patch: Arguments, isMailbox: (id: string) => boolean): Maps | null {
  const maps: Maps = { keywords: { ...email.keywords }, mailboxIds: { ...email.mailboxIds } }
  for (const [path, value] of Object.entries(patch)) {
    const [map, key] = path.split('/') as [keyof Maps, string | undefined]
    const next = key === undefined ? (value as Record<string, boolean>) : { ...maps[map], [unescaped(key)]: value }
    maps[map] = Object.fromEntries(Object.entries(next).filter(([, on]) => on)) as Record<string, boolean>
  }
  const ids = Object.keys(maps.mailboxIds)
  return ids.length > 0 && ids.every(isMailbox) ? maps : null
}

/** RFC 6901 §4 */
function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}
