/** Names and colours of the keywords that are labels; the service keeps them, and this device for the time offline. */
import { labelsOf, type Label } from '#lib/mail/label.ts'
import type { Session } from './session.ts'
import type { Settings } from '#lib/sync/settings.ts'
import { WaitingChanges, type Change } from '#lib/sync/waiting-changes.ts'

export class LabelNames {
  readonly #session: Session
  readonly #changes: WaitingChanges<Label>

  constructor(session: Session) {
    this.#session = session
    this.#changes = new WaitingChanges((labels) => {
      session.labels = labelsOf(labels)
      session.changed('account', 'list')
    })
  }

  /** by name */
  get items(): readonly Label[] {
    return this.#session.labels
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#changes.take(labelsOf(settings['labels']))
  }

  make(change: Change<Label>, save: () => Promise<Settings>): Promise<void> {
    return this.#changes.make(change, this.items, async () => labelsOf((await save())['labels']))
  }
}
