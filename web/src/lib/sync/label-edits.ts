/** Creates, changes and removes labels; loaded on first use. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { keywordOf } from '#lib/mail/keywords.ts'
import { COLOURS, labelsOf, type Label, type LabelColour } from '#lib/mail/label.ts'
import type { LabelNames } from './labels.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { Change } from '#lib/sync/waiting-changes.ts'

/** The document may hold 64 KB in all. */
const MOST_LABELS = 200

export class LabelEdits {
  readonly #names: LabelNames
  readonly #document: SettingsDocument

  constructor(names: LabelNames, document: SettingsDocument) {
    this.#names = names
    this.#document = document
  }

  /** Raises JmapFailure if it could not be kept. */
  async create(name: string, colour?: LabelColour): Promise<Label> {
    const { items } = this.#names
    if (items.length >= MOST_LABELS) {
      throw new JmapFailure('too_many_labels')
    }
    const keyword = keywordOf(
      name,
      items.map((label) => label.keyword)
    )
    const label: Label = { keyword, name: name.trim(), colour: colour ?? leastUsed(items) }
    await this.restore(label)
    return label
  }

  /** As it was, with its keyword: the messages that have it have the label again. */
  async restore(label: Label): Promise<void> {
    await this.#change((labels) => [...labels.filter(({ keyword }) => keyword !== label.keyword), label])
  }

  async change(keyword: string, change: Partial<Omit<Label, 'keyword'>>): Promise<void> {
    await this.#change((labels) => labels.map((label) => (label.keyword === keyword ? { ...label, ...change } : label)))
  }

  async remove(keyword: string): Promise<void> {
    await this.#change((labels) => labels.filter((label) => label.keyword !== keyword))
  }

  /** Shown at once, and undone if the service does not keep it. */
  #change(change: Change<Label>): Promise<void> {
    return this.#names.make(change, () =>
      this.#document.change((settings) => ({
        ...settings,
        labels: change(labelsOf(settings['labels'])).slice(0, MOST_LABELS)
      }))
    )
  }
}

function leastUsed(labels: readonly Label[]): LabelColour {
  const uses = (colour: LabelColour): number => labels.filter((label) => label.colour === colour).length
  return COLOURS.toSorted((one, other) => uses(one) - uses(other) || one - other)[0] ?? 1
}
