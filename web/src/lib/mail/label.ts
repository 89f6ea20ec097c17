/** of the tokens `--label-1` to `--label-8` */
export type LabelColour = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** A keyword (RFC 8621 §4.1.1) with the name and the colour that the person gave it. */
export interface Label {
  readonly keyword: string
  readonly name: string
  readonly colour: LabelColour
}

/** Without `$`, and yet other programs mean something by them. */
const RESERVED = [
  'junk',
  'nonjunk',
  'notjunk',
  'forwarded',
  'seen',
  'flagged',
  'deleted',
  'draft',
  'answered',
  'recent'
]

/** Keywords with a leading `$` are the mail system's, registered with IANA. */
export function isOfLabel(keyword: string): boolean {
  return keyword !== '' && !keyword.startsWith('$') && !RESERVED.includes(keyword)
}

export const COLOURS: readonly LabelColour[] = [1, 2, 3, 4, 5, 6, 7, 8]

/** In the order of names, from whatever another version of this page wrote, or another program. */
export function labelsOf(found: unknown): Label[] {
  const labels = Array.isArray(found) ? found.flatMap(labelOf) : []
  return labels
    .filter((label, at) => labels.findIndex(({ keyword }) => keyword === label.keyword) === at)
    .toSorted((one, other) => one.name.localeCompare(other.name))
}

function labelOf(found: unknown): Label[] {
  const { keyword, name, colour } = (found ?? {}) as Partial<Record<keyof Label, unknown>>
  if (typeof keyword !== 'string' || typeof name !== 'string' || name === '' || !isOfLabel(keyword)) {
    return []
  }
  return [{ keyword, name, colour: COLOURS.find((one) => one === colour) ?? 8 }]
}
