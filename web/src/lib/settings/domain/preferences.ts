/** What a person chooses about the interface. Each choice has the time at which it was made, so that the last one holds on
 * all devices. */

/** The first of each holds until the person chooses. */
export const OFFERED = {
  theme: ['system', 'light', 'dark'],
  density: ['comfortable', 'compact'],
  /** a conversation opens beside the list */
  pane: [true, false],
  markRead: ['now', 'later', 'never'],
  /** where the person goes when a conversation leaves the list */
  after: ['older', 'newer', 'list'],
  pictures: ['ask', 'never'],
  undoSeconds: [10, 0, 20, 30],
  reply: ['reply', 'all'],
  /** keys without Ctrl run commands (WCAG 2.1.4) */
  singleKeys: [true, false],
  swipeEnd: ['archive', 'read', 'delete', 'star', 'nothing'],
  swipeStart: ['read', 'archive', 'delete', 'star', 'nothing'],
  /** of dates and times (ISO 3166-1); empty: as usual in the language */
  region: ['', 'AT', 'AU', 'CA', 'CH', 'DE', 'GB', 'IE', 'SE', 'US']
} as const

type Offered = typeof OFFERED
export type Chosen = { readonly [Name in keyof Offered]: Offered[Name][number] }

/** A value, and when it was chosen: milliseconds since 1970. */
export type Choice = readonly [value: unknown, at: number]
/** Choices by their names, also those that only another version knows. */
export type Choices = Readonly<Record<string, Choice>>

/** Another version, or a hand, may have written anything. */
export function choicesOf(kept: unknown): Choices {
  const found: [string, unknown][] = Object.entries(kept ?? {})
  return Object.fromEntries(
    found.filter((one): one is [string, Choice] => Array.isArray(one[1]) && Number.isFinite(one[1][1]))
  )
}

export function chosenOf(choices: Choices): Chosen {
  return Object.fromEntries(
    Object.entries(OFFERED).map(([name, offered]) => [
      name,
      (offered as readonly unknown[]).find((one) => one === choices[name]?.[0]) ?? offered[0]
    ])
  ) as Chosen
}
