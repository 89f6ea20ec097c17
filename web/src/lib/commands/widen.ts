import type { MailPage } from '#lib/state/page.svelte.ts'

/** The selection reaches to the row to which the keyboard moves; the row where it was is its anchor. */
export function widenBy({ mail, cursor, triage }: MailPage, by: 1 | -1): void {
  if (!triage.isSelecting && cursor.current !== null) triage.toggle(cursor.current)
  cursor.move(by, 'never')
  if (cursor.current !== null && mail.list?.indexOf(cursor.current) !== undefined) triage.widen(cursor.current)
}
