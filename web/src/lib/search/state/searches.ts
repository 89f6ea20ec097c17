/** What the views read and do of a search. `search.svelte.ts` implements it. */
import type { Sort } from '#lib/jmap/types.ts'
import type { Problem } from '#lib/search/domain/search-query.ts'
import type { Known } from '#lib/search/domain/search-suggestions.ts'
import type { SnippetPart } from '#lib/search/domain/snippet.ts'
import type { SavedSearch } from '#lib/search/sync/searches.ts'

export type { SavedSearch }

/** What was found besides the rows of the list. */
export interface Search {
  /** what was typed */
  readonly query: string
  /** operators, folders and labels that there are not: they are looked for as text */
  readonly problems: readonly Problem[]
  /** `nothing`: nothing that can be looked for was typed. `device`: the mail server has no such filter. */
  readonly scope: 'nothing' | 'server' | 'device'
  /** the list of the mail page shows what was found; false while it is not known yet what to ask for */
  readonly isShown: boolean
  /** the rows are those that this device has: the mail server has not answered */
  readonly onDevice: boolean
  /** Spam and Trash are left out */
  readonly leavesOut: boolean
  /** conversations that it finds in Spam and Trash; null: not known, or they are not left out */
  readonly aside: number | null
  /** Show what this finds. */
  show(query: string): void
  /** Show the same in another order. */
  arrange(sort: Sort): void
  /** Another list is shown. */
  end(): void
  /** the text around what was found; null: not known, or nothing is marked */
  snippet(emailId: string): Snippet | null
  /** ids of the mailboxes in which the message lies that was found */
  mailboxesOf(emailId: string): readonly string[]
  /** what can be suggested to the person; people from the mail of this device */
  known(): Promise<Omit<Known, 'saved'>>
  /** Among the last searches from now on, on this device. */
  remember(query: string): void
  /** Rejects with a `Trouble`. A search that is saved already gets the name. */
  save(name: string, query: string): Promise<void>
  remove(query: string): Promise<void>
}

export interface Snippet {
  readonly subject: readonly SnippetPart[] | null
  readonly preview: readonly SnippetPart[] | null
}
