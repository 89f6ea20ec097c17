/** Where the person is in searching: the field, what was searched for, and the way back. Small: the rest loads on use. */
import type { Sort } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import type { Search } from '#lib/search/state/searches.ts'
import { pathOf, searchPath } from '#lib/state/paths.ts'

export class Searching {
  readonly #mail: Mail
  readonly #go: (path: string) => Promise<void>
  /** what the address of the page searches for; null while it is another list */
  query = $state<string | null>(null)
  /** null until it is loaded */
  search = $state.raw<Search | null>(null)
  /** how often the person asked for the field: it takes the focus then */
  calls = $state(0)
  /** how often the person searched for what they had typed */
  asked = $state(0)
  /** the mailbox from which the person came */
  #from = 'inbox'

  constructor(mail: Mail, go: (path: string) => Promise<void>) {
    this.#mail = mail
    this.#go = go
  }

  /** The address changed: to a search, or (null) to another list, which it names. */
  show(query: string | null, segment = 'inbox'): void {
    if (query === null) {
      this.#from = segment
      if (this.query !== null) this.search?.end()
      this.query = null
      return
    }
    this.query = query
    // Without the network, the field asks again.
    this.load().catch(() => undefined)
  }

  async load(): Promise<Search> {
    const search = (this.search ??= await this.#mail.search())
    // The person may have left while it was loaded.
    if (this.query !== null) search.show(this.query)
    return search
  }

  /** The field takes the focus, since the key or a button was pressed. */
  call(): void {
    this.calls += 1
  }

  /** The page of the search, on phones. */
  async open(): Promise<void> {
    await this.#go(searchPath(this.query ?? ''))
    // A field that is not there calls for its page: it would do so without end.
    if (this.query !== null) this.call()
  }

  async searchFor(typed: string): Promise<void> {
    const query = typed.trim()
    if (query === '') return this.leave()
    this.asked += 1
    this.load().then(
      (search) => search.remember(query),
      () => undefined
    )
    await this.#go(searchPath(query))
  }

  /** Filtered, it is another search; in another order, it is the same. */
  async arrange({ only, sort }: { readonly only?: string; readonly sort?: Sort }): Promise<void> {
    if (only !== undefined && only !== 'all') return this.searchFor(`${this.query ?? ''} is:${only}`)
    if (sort) (await this.load()).arrange(sort)
  }

  /** Back to the mailbox from which the person came. */
  async leave(): Promise<void> {
    if (this.query !== null) await this.#go(pathOf(this.#from))
  }
}
