/** Names and colours of the keywords that are labels; the service keeps them, and this device for the time offline. */
import { labelsOf, type Label } from '#lib/mail/label.ts'
import type { Account } from './account.ts'
import type { Settings } from './settings.ts'

export type Change = (labels: readonly Label[]) => readonly Label[]

export class LabelNames {
  readonly #account: Account
  #kept: readonly Label[] = []
  /** what the service does not know yet: shown at once, whatever it says meanwhile */
  readonly #waiting = new Set<Change>()

  constructor(account: Account) {
    this.#account = account
  }

  /** by name */
  get items(): readonly Label[] {
    return this.#account.labels
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#kept = labelsOf(settings['labels'])
    this.#show()
  }

  begin(change: Change): void {
    // Before the service said so, this device knows.
    if (this.#waiting.size === 0) this.#kept = this.items
    this.#waiting.add(change)
    this.#show()
  }

  /** The service knows it, or refused it. */
  end(change: Change): void {
    this.#waiting.delete(change)
    this.#show()
  }

  #show(): void {
    this.#account.labels = labelsOf([...this.#waiting].reduce((labels, change) => change(labels), this.#kept))
    this.#account.tell('account', 'list')
  }
}
