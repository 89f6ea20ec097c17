/** A message in a window of the browser's: the draft goes there, since one tab at a time writes it. */
import type { Composition } from '#lib/writing/state/compose.ts'
import { caretOf } from '#lib/writing/page/carets.ts'

const SIZE = 'popup,width=720,height=800'

function ownPath(id: string): string {
  return `/mail/compose/${encodeURIComponent(id)}`
}

export function openOwn(composition: Composition): void {
  const { id } = composition
  composition.keep()
  // It takes the draft over; the one here sees that it is written elsewhere, and goes.
  window.open(`${ownPath(id)}?caret=${caretOf(id)}`, `postroom-${id}`, SIZE)
}
