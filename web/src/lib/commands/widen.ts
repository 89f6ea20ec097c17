import type { MailPage } from '#lib/state/page.svelte.ts'

/** The selection reaches to the row to which the keyboard moves; the row where it was is its anchor. */
export function widenBy({ cursor, triage }: MailPage, by: 1 | -1): void {
  if (!triage.isSelecting && cursor.listed !== undefined) triage.toggle(cursor.listed)
  cursor.move(by, 'never')
  if (cursor.listed !== undefined) triage.widen(cursor.listed)
}
