/** Names and colours of the keywords that are labels; the service keeps them, and this device for the time offline. */
import { labelsOf, type Label } from '#lib/mail/label.ts'
import type { Account } from './account.ts'
import type { Settings } from './settings.ts'

export class LabelNames {
  readonly #account: Account

  constructor(account: Account) {
    this.#account = account
  }

  /** by name */
  get items(): readonly Label[] {
    return this.#account.labels
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.show(labelsOf(settings['labels']))
  }

  show(labels: readonly Label[]): void {
    this.#account.labels = labelsOf(labels)
    this.#account.tell('account', 'list')
  }
}
