import type { quoting as english } from '#lib/words/en/quoting.ts'

const dates = new Intl.DateTimeFormat('de', { dateStyle: 'long', timeStyle: 'short' })

export const quoting: typeof english = {
  attribution: (name, at) => `Am ${dates.format(at)} schrieb ${name}:`,
  forwarded: 'Weitergeleitete Nachricht',
  from: 'Von',
  to: 'An',
  cc: 'Cc',
  date: 'Datum',
  subject: 'Betreff',
  dateOf: (at) => dates.format(at)
}
