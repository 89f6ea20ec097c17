/** Names of the folders in which a message lies that was found. */
import type { Mailboxes, Row } from '#lib/state/mail.ts'
import type { Search } from '#lib/state/searches.ts'
import { nameOf } from '#lib/state/sidebar.ts'
import type { Words } from '#lib/words/en.ts'

export function foldersOf(row: Row, search: Search, mailboxes: Mailboxes, words: Words['mail']): string[] {
  return search.mailboxesOf(row.emailId).flatMap((id) => {
    const mailbox = mailboxes.byId(id)
    return mailbox ? [nameOf(mailbox, words)] : []
  })
}
