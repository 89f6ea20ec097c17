/** What a screen reader says of a row of the list: in this order, only what is true. */
import { spokenTime } from '#lib/mail/dates.ts'
import { namesOf } from '#lib/mail/people.ts'
import type { Row } from '#lib/state/mail.ts'
import type { Words } from '#lib/words/en.ts'

/** `labels`: their names */
export function rowName(row: Row, labels: readonly string[], now: Date, words: Words['mail']): string {
  const people = namesOf(row.people, words.me) || (row.draft ? '' : words.nobody)
  return [
    row.unread ? words.row.unread : '',
    row.starred ? words.row.starred : '',
    row.warning ? words.row.warning : '',
    row.draft ? words.row.draft : '',
    row.messages > 1 ? `${people}, ${words.row.messages(row.messages)}` : people,
    row.subject || words.noSubject,
    row.preview,
    row.attachment ? words.row.attachment : '',
    row.answered ? words.row.answered : '',
    row.forwarded ? words.row.forwarded : '',
    ...labels.map(words.row.label),
    row.pending ? words.row.pending : '',
    spokenTime(row.time, now, words)
  ]
    .filter(Boolean)
    .map((part) => part.trim().replace(/[.\s]+$/u, ''))
    .join('. ')
    .concat('.')
}
