/** The searches that a person saved; the service keeps them, so that they follow the person. */
import type { Session } from '#lib/sync/session.ts'
import { objectOf, type Settings } from '#lib/sync/settings.ts'
import { WaitingChanges, type Change } from '#lib/sync/waiting-changes.ts'

export interface SavedSearch {
  readonly name: string
  /** as it was typed */
  readonly query: string
}

export class SavedSearches {
  readonly #changes: WaitingChanges<SavedSearch>
  all: readonly SavedSearch[] = []

  constructor(session: Session) {
    this.#changes = new WaitingChanges((saved) => {
      this.all = saved
      session.changed('account')
    })
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#changes.take(this.in(settings))
  }

  make(change: Change<SavedSearch>, save: () => Promise<Settings>): Promise<void> {
    return this.#changes.make(change, this.all, async () => this.in(await save()))
  }

  in(settings: Settings): SavedSearch[] {
    const { saved } = objectOf(settings['searches'])
    return (Array.isArray(saved) ? saved : []).flatMap((entry: unknown) => {
      const { name, query } = objectOf(entry)
      return typeof name === 'string' && typeof query === 'string' ? [{ name, query }] : []
    })
  }
}
