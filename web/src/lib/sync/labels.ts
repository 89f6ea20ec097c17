/** Names and colours of the keywords that are labels; the service keeps them. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { isOfLabel, keywordOf } from '#lib/mail/keywords.ts'
import type { Label, LabelColour } from '#lib/mail/label.ts'
import type { Account } from './account.ts'
import { objectOf, type Settings, type SettingsDocument } from './settings.ts'

const COLOURS: readonly LabelColour[] = [1, 2, 3, 4, 5, 6, 7, 8]
/** The document may hold 64 KB in all. */
const MOST_LABELS = 200
/** Octets of a name. */
export const LONGEST_NAME = 100

export class LabelNames {
  readonly #account: Account
  readonly #document: SettingsDocument
  #kept: readonly Label[] = []
  #items: readonly Label[] = []

  constructor(account: Account, document: SettingsDocument) {
    this.#account = account
    this.#document = document
  }

  get items(): readonly Label[] {
    return this.#items
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#kept = labelsOf(settings)
    this.#show(this.#kept)
  }

  /** Raises JmapFailure if it could not be kept. */
  async create(name: string, colour?: LabelColour): Promise<Label> {
    if (this.#items.length >= MOST_LABELS) {
      throw new JmapFailure('too_many_labels')
    }
    const keyword = keywordOf(name, keywords(this.#items))
    const label: Label = { keyword, name: name.trim(), colour: colour ?? this.#leastUsed() }
    await this.#change((labels) => [...labels.filter((one) => one.keyword !== keyword), label])
    return label
  }

  async change(keyword: string, change: Partial<Omit<Label, 'keyword'>>): Promise<void> {
    await this.#change((labels) => labels.map((label) => (label.keyword === keyword ? { ...label, ...change } : label)))
  }

  async remove(keyword: string): Promise<void> {
    await this.#change((labels) => labels.filter((label) => label.keyword !== keyword))
  }

  /** Shown at once, and taken back if the service does not keep it. */
  async #change(change: (labels: readonly Label[]) => readonly Label[]): Promise<void> {
    this.#show(change(this.#items))
    try {
      const changed = await this.#document.change((settings) => ({
        ...settings,
        labels: change(labelsOf(settings)).slice(0, MOST_LABELS)
      }))
      this.take(changed)
    } catch (failure) {
      this.#show(this.#kept)
      throw failure
    }
  }

  #leastUsed(): LabelColour {
    const uses = (colour: LabelColour): number => this.#items.filter((label) => label.colour === colour).length
    return COLOURS.toSorted((one, other) => uses(one) - uses(other) || one - other)[0] ?? 1
  }

  #show(labels: readonly Label[]): void {
    this.#items = labels.toSorted((one, other) => one.name.localeCompare(other.name))
    this.#account.tell('account', 'list')
  }
}

function keywords(labels: readonly Label[]): string[] {
  return labels.map(({ keyword }) => keyword)
}

/** Whatever another version of this page wrote, or another program. */
function labelsOf(settings: Settings): Label[] {
  const found = settings['labels']
  const labels = Array.isArray(found) ? found.map(objectOf).flatMap(labelOf) : []
  return labels.filter(({ keyword }, at) => keywords(labels).indexOf(keyword) === at)
}

function labelOf({ keyword, name, colour }: Settings): Label[] {
  if (typeof keyword !== 'string' || typeof name !== 'string' || name === '' || !isOfLabel(keyword)) {
    return []
  }
  return [{ keyword, name, colour: COLOURS.find((one) => one === colour) ?? 8 }]
}
