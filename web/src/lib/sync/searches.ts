/** The searches that a person saved; the service keeps them, so that they follow the person. */
import type { Account } from './account.ts'
import { objectOf, type Settings } from './settings.ts'

export interface SavedSearch {
  readonly name: string
  /** as it was typed */
  readonly query: string
}

export class SavedSearches {
  readonly #account: Account
  all: readonly SavedSearch[] = []

  constructor(account: Account) {
    this.#account = account
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.show(this.in(settings))
  }

  show(saved: readonly SavedSearch[]): void {
    this.all = saved
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
