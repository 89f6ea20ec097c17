/** What a person does to labels. It comes with what reads. */
import { nameFault, type NameFault } from '#lib/mail/names.ts'
import { LabelEdits } from '#lib/sync/label-edits.ts'
import type { LabelNames } from '#lib/sync/labels.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { Label, LabelColour } from './mail.ts'
import { troubled } from './trouble-of.ts'

/** Octets of a name. */
const LONGEST_NAME = 100

/** Changes of labels. Each is shown at once, and resolved once the service keeps it; rejects with a `Trouble`. */
export class LabelEditing {
  readonly #names: LabelNames
  readonly #edits: LabelEdits

  constructor(names: LabelNames, document: SettingsDocument) {
    this.#names = names
    this.#edits = new LabelEdits(names, document)
  }

  /** What is wrong with a name; null for nothing. */
  wrongName(name: string, self?: string): NameFault | null {
    const others = this.#names.items.filter(({ keyword }) => keyword !== self)
    return nameFault(
      name,
      others.map((label) => label.name),
      LONGEST_NAME
    )
  }

  create(name: string, colour?: LabelColour): Promise<Label> {
    return troubled(this.#edits.create(name, colour))
  }

  /** What was removed, as it was. */
  restore(label: Label): Promise<void> {
    return troubled(this.#edits.restore(label))
  }

  change(keyword: string, change: Partial<Pick<Label, 'name' | 'colour'>>): Promise<void> {
    return troubled(this.#edits.change(keyword, change))
  }

  /** Messages keep the keyword, which is not shown any more. */
  remove(keyword: string): Promise<void> {
    return troubled(this.#edits.remove(keyword))
  }
}
