/** What a list of search results shows that others do not; the search draws it. */
import type { Row } from '#lib/state/mail.ts'
import type { Snippet } from 'svelte'

export interface Found {
  /** beside the title, in place of the figures */
  readonly figures: string
  /** what the name of a row says besides */
  readonly name: (row: Row) => string
  /** above the rows */
  readonly bar: Snippet
  /** in place of a row's subject and beginning */
  readonly subject: Snippet<[Row]>
  /** in a line below it */
  readonly around: Snippet<[Row]>
  /** in place of the rows */
  readonly nothing: Snippet
}
