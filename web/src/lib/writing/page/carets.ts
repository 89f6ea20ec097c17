/** Where the cursor was in texts whose windows are closed: whoever undoes the sending goes on there. */

/** No live range: it would end up outside of a text that leaves the page (DOM §4.2.3). */
export type Cursor = Pick<Range, 'startContainer' | 'startOffset'>

const places = new Map<string, number>()

/** `place`: characters before the cursor. */
export function keepCaret(draftId: string, place: number): void {
  places.set(draftId, place)
}

export function caretOf(draftId: string): number {
  return places.get(draftId) ?? 0
}
