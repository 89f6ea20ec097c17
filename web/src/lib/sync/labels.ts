/** Names and colours of the keywords that are labels; the service keeps them. */
import { isOfLabel } from '#lib/mail/label.ts'
import type { Label, LabelColour } from '#lib/mail/label.ts'
import type { Account } from './account.ts'
import { objectOf, type Settings } from './settings.ts'

export const COLOURS: readonly LabelColour[] = [1, 2, 3, 4, 5, 6, 7, 8]

export class LabelNames {
  readonly #account: Account
  #items: readonly Label[] = []

  constructor(account: Account) {
    this.#account = account
  }

  /** by name */
  get items(): readonly Label[] {
    return this.#items
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.show(labelsOf(settings))
  }

  show(labels: readonly Label[]): void {
    this.#items = labels.toSorted((one, other) => one.name.localeCompare(other.name))
    this.#account.tell('account', 'list')
  }
}

/** Whatever another version of this page wrote, or another program. */
export function labelsOf(settings: Settings): Label[] {
  const found = settings['labels']
  const labels = Array.isArray(found) ? found.map(objectOf).flatMap(labelOf) : []
  return labels.filter((label, at) => labels.findIndex(({ keyword }) => keyword === label.keyword) === at)
}

function labelOf({ keyword, name, colour }: Settings): Label[] {
  if (typeof keyword !== 'string' || typeof name !== 'string' || name === '' || !isOfLabel(keyword)) {
    return []
  }
  return [{ keyword, name, colour: COLOURS.find((one) => one === colour) ?? 8 }]
}
