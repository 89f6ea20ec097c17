/** Saving a search, giving it another name, removing it: loaded with the search. */
import type { SavedSearch, SavedSearches } from './searches.ts'
import { objectOf, type SettingsDocument } from '#lib/sync/settings.ts'
import type { Change } from '#lib/sync/waiting-changes.ts'

/** The document may hold 64 KB in all. */
const MOST = 50
/** Characters. */
const LONGEST_NAME = 100

export class SearchSaver {
  readonly #saved: SavedSearches
  readonly #document: SettingsDocument

  constructor(saved: SavedSearches, document: SettingsDocument) {
    this.#saved = saved
    this.#document = document
  }

  /** A search that is saved already gets another name. Shown at once; raises JmapFailure if it could not be kept. */
  save(name: string, query: string): Promise<void> {
    const saved = { name: (name.trim() || query).slice(0, LONGEST_NAME), query }
    return this.#change((all) =>
      all.some((one) => one.query === query)
        ? all.map((one) => (one.query === query ? saved : one))
        : [...all, saved].slice(-MOST)
    )
  }

  remove(query: string): Promise<void> {
    return this.#change((all) => all.filter((one) => one.query !== query))
  }

  #change(change: Change<SavedSearch>): Promise<void> {
    return this.#saved.make(change, () =>
      this.#document.change((settings) => ({
        ...settings,
        searches: { ...objectOf(settings['searches']), saved: change(this.#saved.in(settings)) }
      }))
    )
  }
}
