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

/** These are open now: a new one is seen, and one that is gone is forgotten. */
export function opened(before: Arrangement, open: readonly string[]): Arrangement {
  const stays = new Set(open)
  const known = new Set(before.used)
  return {
    used: [...before.used.filter((id) => stays.has(id)), ...open.filter((id) => !known.has(id))],
    minimised: new Set([...before.minimised].filter((id) => stays.has(id))),
    full: before.full !== null && stays.has(before.full) ? before.full : null
  }
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
