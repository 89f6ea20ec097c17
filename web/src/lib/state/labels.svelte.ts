import { troubleOf } from '#lib/sync/task.ts'
import type { LabelNames } from '#lib/sync/labels.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { Label, LabelColour, LabelEditing, Labels } from './mail.ts'
import { Signal } from './signal.svelte.ts'

export class LabelsState implements Labels {
  readonly #names: LabelNames
  readonly #document: SettingsDocument
  readonly #signal = new Signal()
  #edits: Promise<LabelEditing> | null = null

  constructor(names: LabelNames, document: SettingsDocument) {
    this.#names = names
    this.#document = document
  }

  get items(): readonly Label[] {
    this.#signal.track()
    return this.#names.items
  }

  byKeyword(keyword: string): Label | undefined {
    return this.items.find((label) => label.keyword === keyword)
  }

  edits(): Promise<LabelEditing> {
    this.#edits ??= import('./label-editing.ts')
      .then(({ LabelEditingState }) => new LabelEditingState(this.#names, this.#document))
      .catch((failure: unknown) => {
        this.#edits = null
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
        throw troubleOf(failure)
      })
    return this.#edits
  }

  async create(name: string, colour?: LabelColour): Promise<Label> {
    return (await this.edits()).create(name, colour)
  }

  /** What is behind the items changed. */
  changed(): void {
    this.#signal.notify()
  }
}
