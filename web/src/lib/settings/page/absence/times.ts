/** What a field of date and time holds, as a moment of UTC and back. */

/** A later year has more than four digits: no date of ISO 8601 as a mail server compares it (RFC 5260 §4.2). */
export const LATEST = '9999-12-30T23:59'

/** "2026-12-01T09:00" in the person's own time; null for none. */
export function momentOf(local: string): string | null {
  const time = local === '' ? Number.NaN : new Date(local).getTime()
  return Number.isNaN(time) ? null : `${new Date(time).toISOString().slice(0, 19)}Z`
}

export function localOf(moment: string | null): string {
  if (moment === null) return ''
  const time = new Date(moment)
  if (Number.isNaN(time.getTime())) return ''
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 16)
}
