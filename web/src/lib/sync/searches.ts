/** The searches that a person saved; the service keeps them, so that they follow the person. */
import type { Account } from './account.ts'
import { objectOf, type Settings } from './settings.ts'

export interface SavedSearch {
  readonly name: string
  /** as it was typed */
  readonly query: string
}

export type Change = (saved: readonly SavedSearch[]) => readonly SavedSearch[]

export class SavedSearches {
  readonly #account: Account
  #kept: readonly SavedSearch[] = []
  /** what the service does not know yet: shown at once, whatever it says meanwhile */
  readonly #waiting = new Set<Change>()
  all: readonly SavedSearch[] = []

  constructor(account: Account) {
    this.#account = account
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#kept = this.in(settings)
    this.#show()
  }

  begin(change: Change): void {
    this.#waiting.add(change)
    this.#show()
  }

  /** The service knows it, or refused it. */
  end(change: Change): void {
    this.#waiting.delete(change)
    this.#show()
  }

  #show(): void {
    this.all = [...this.#waiting].reduce((saved, change) => change(saved), this.#kept)
    this.#account.tell('account')
  }

  in(settings: Settings): SavedSearch[] {
    const { saved } = objectOf(settings['searches'])
    return (Array.isArray(saved) ? saved : []).flatMap((entry: unknown) => {
      const { name, query } = objectOf(entry)
      return typeof name === 'string' && typeof query === 'string' ? [{ name, query }] : []
    })
  }
}
