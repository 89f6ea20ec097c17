import { troubleOf } from '#lib/sync/task.ts'
import type { LabelNames } from '#lib/sync/labels.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { Label, LabelColour } from './mail.ts'
import type { LabelEditing } from './label-editing.ts'
import { Signal } from './signal.svelte.ts'

/** Names and colours of keywords; the service keeps them (/api/settings), so that they follow the person. */
export class Labels {
  readonly #names: LabelNames
  readonly #document: SettingsDocument
  readonly #signal = new Signal()
  #edits: Promise<LabelEditing> | null = null

  constructor(names: LabelNames, document: SettingsDocument) {
    this.#names = names
    this.#document = document
  }

  /** by name */
  get items(): readonly Label[] {
    this.#signal.track()
    return this.#names.items
  }

  byKeyword(keyword: string): Label | undefined {
    return this.items.find((label) => label.keyword === keyword)
  }

  /** Making, changing and removing. It comes with what reads. */
  edits(): Promise<LabelEditing> {
    this.#edits ??= import('./label-editing.ts')
      .then(({ LabelEditing }) => new LabelEditing(this.#names, this.#document))
      .catch((failure: unknown) => {
        this.#edits = null
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
        throw troubleOf(failure)
      })
    return this.#edits
  }

  /** `(await edits()).create(…)` */
  async create(name: string, colour?: LabelColour): Promise<Label> {
    return (await this.edits()).create(name, colour)
  }

  /** What is behind the items changed. */
  changed(): void {
    this.#signal.notify()
  }
}
