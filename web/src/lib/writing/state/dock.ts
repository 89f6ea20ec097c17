/** Which windows of writing are seen, and which are tabs at the foot of the page. Windows are known by the ids of drafts. */

export interface Arrangement {
  /** the one that was used last comes last */
  readonly used: readonly string[]
  readonly minimised: ReadonlySet<string>
  /** the one that fills the page */
  readonly full: string | null
}

export interface Seen {
  /** in the order in which they were opened */
  readonly windows: readonly string[]
  readonly tabs: readonly string[]
}

export const NOTHING: Arrangement = { used: [], minimised: new Set(), full: null }

/**
 * These are open now: a new one is seen, but not in the place of the one that is used, and one that is gone is forgotten.
 * Whoever asked for a new one goes on with that: it is brought.
 */
export function opened(before: Arrangement, open: readonly string[]): Arrangement {
  const stays = new Set(open)
  const known = new Set(before.used)
  const used = before.used.filter((id) => stays.has(id))
  const inUse = used.findLastIndex((id) => !before.minimised.has(id))
  const at = inUse < 0 ? used.length : inUse
  return {
    used: [...used.slice(0, at), ...open.filter((id) => !known.has(id)), ...used.slice(at)],
    minimised: new Set([...before.minimised].filter((id) => stays.has(id))),
    full: before.full !== null && stays.has(before.full) ? before.full : null
  }
}

/** The same, where a new one would cover what the person is at: it waits among the tabs. */
export function waiting(before: Arrangement, open: readonly string[]): Arrangement {
  const known = new Set(before.used)
  const now = opened(before, open)
  return { ...now, minimised: new Set([...now.minimised, ...open.filter((id) => !known.has(id))]) }
}

/** The person goes on with it. */
export function brought(before: Arrangement, id: string): Arrangement {
  const minimised = new Set(before.minimised)
  minimised.delete(id)
  // Behind a window that fills the page nobody would see it.
  const full = before.full === id ? id : null
  return { used: [...before.used.filter((one) => one !== id), id], minimised, full }
}

export function minimised(before: Arrangement, id: string): Arrangement {
  return {
    ...before,
    minimised: new Set(before.minimised).add(id),
    full: before.full === id ? null : before.full
  }
}

/** It fills the page, or no longer does. */
export function resized(before: Arrangement, id: string): Arrangement {
  return { ...brought(before, id), full: before.full === id ? null : id }
}

/** There is room for `most` windows beside each other: those that were used last are seen. */
export function seen({ used, minimised: down, full }: Arrangement, open: readonly string[], most: number): Seen {
  const up = used.filter((id) => !down.has(id))
  const shown = new Set(full === null ? up.slice(-most) : [full])
  return { windows: open.filter((id) => shown.has(id)), tabs: open.filter((id) => !shown.has(id)) }
}
