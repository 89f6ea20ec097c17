/**
 * A person's choices on several devices. Each is merged by its name into the document that the service keeps now, so a change
 * here never overwrites one of another device. What could not be told waits on this device, and is told later: nothing but
 * the choices themselves says what is missing there, so that neither a lost response nor another tab matters.
 */
import { hasMore, merged } from '#lib/settings/domain/preference-merge.ts'
import { choicesOf, type Choices } from '#lib/settings/domain/preferences.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Ports } from '#lib/sync/ports.ts'
import type { Settings, SettingsDocument } from '#lib/sync/settings.ts'
import { Task } from '#lib/sync/task.ts'

/** Where in the document they stand. */
const PLACE = 'preferences'

/** What this device keeps. */
export interface KeptChoices {
  readonly choices: Choices
  keep: (choices: Choices) => void
}

export class PreferenceSync {
  readonly #document: SettingsDocument
  readonly #kept: KeptChoices
  readonly #task: Task
  /** as the service had them last; null before it said so */
  #told: Choices | null = null

  /** `changed`: whether they wait, or why they are not told. */
  constructor(ports: Ports, document: SettingsDocument, kept: KeptChoices, changed: () => void) {
    this.#document = document
    this.#kept = kept
    this.#task = new Task(ports, () => this.#tell(), changed)
  }

  /** The service does not know all of them yet. */
  get waits(): boolean {
    return this.#told === null || hasMore(this.#kept.choices, this.#told)
  }

  get trouble(): Trouble | null {
    return this.#task.trouble
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#told = choicesOf(settings[PLACE])
    if (hasMore(this.#told, this.#kept.choices)) {
      this.#kept.keep(merged(this.#kept.choices, this.#told))
    }
    if (this.waits) {
      void this.#task.tryNow()
    }
  }

  /** The person chose something. */
  tell(): void {
    void this.#task.tryNow()
  }

  stop(): void {
    this.#task.stop()
  }

  async #tell(): Promise<void> {
    const settings = await this.#document.change((now) => {
      const there = choicesOf(now[PLACE])
      return hasMore(this.#kept.choices, there) ? { ...now, [PLACE]: merged(there, this.#kept.choices) } : now
    })
    this.#told = choicesOf(settings[PLACE])
    this.#kept.keep(merged(this.#kept.choices, this.#told))
  }
}
