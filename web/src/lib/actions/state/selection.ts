/**
 * What actions hit: any number of conversations, by id, so that scrolling and new mail do not change it. It is neither the
 * current conversation, where the keyboard is, nor the open one.
 */
export interface Selection {
  readonly ids: ReadonlySet<string>
  /** from here a range reaches to where the person points next */
  readonly anchor: string | null
  /** what was selected before the range: a range that becomes shorter gives back what it took */
  readonly before: ReadonlySet<string>
  /** all that match the list, loaded or not; `ids` are those that were loaded */
  readonly all: boolean
}

/** The order of the list, as far as it is loaded. */
export interface Order {
  indexOf(id: string): number | undefined
  at(index: number): string | undefined
}

export const NOTHING: Selection = { ids: new Set(), anchor: null, before: new Set(), all: false }

export function isSelected(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id)
}

export function isEmpty(selection: Selection): boolean {
  return !selection.all && selection.ids.size === 0
}

/** When one is taken out of all that match, those that were loaded stay selected. */
export function toggled(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids)
  if (!ids.delete(id) && !selection.all) ids.add(id)
  return { ids, anchor: id, before: ids, all: false }
}

/** From the anchor to `id`, and what was selected before. Without an anchor, `id` alone is added. */
export function widened(selection: Selection, id: string, order: Order): Selection {
  const [from, to] = [selection.anchor === null ? undefined : order.indexOf(selection.anchor), order.indexOf(id)]
  if (from === undefined || to === undefined) {
    const ids = new Set([...selection.ids, id])
    return { ids, anchor: id, before: selection.before, all: false }
  }
  const ids = new Set(selection.before)
  for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
    const found = order.at(index)
    if (found !== undefined) ids.add(found)
  }
  return { ...selection, ids, all: false }
}

export function ofIds(ids: Iterable<string>): Selection {
  const selected = new Set(ids)
  return { ids: selected, anchor: null, before: selected, all: false }
}

/** All that match the list; `loaded` are shown as selected, and stay so for "only these". */
export function ofAll(loaded: Iterable<string>): Selection {
  return { ...ofIds(loaded), all: true }
}

export function onlyLoaded(selection: Selection): Selection {
  return { ...selection, all: false }
}

/** How many; null if it is not known how many match. */
export function countOf(selection: Selection, total: number | null): number | null {
  return selection.all ? total : selection.ids.size
}

/** What the checkbox above the list shows. */
export function extentOf(selection: Selection, loaded: number): 'none' | 'some' | 'all' {
  if (isEmpty(selection)) return 'none'
  return selection.all || selection.ids.size >= loaded ? 'all' : 'some'
}
