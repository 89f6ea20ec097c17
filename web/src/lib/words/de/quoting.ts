import type { quoting as english } from '#lib/words/en/quoting.ts'

export const quoting = (locale = 'de'): ReturnType<typeof english> => {
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' })
  return {
    attribution: (name, at) => `Am ${dates.format(at)} schrieb ${name}:`,
    forwarded: 'Weitergeleitete Nachricht',
    from: 'Von',
    to: 'An',
    cc: 'Cc',
    date: 'Datum',
    subject: 'Betreff',
    dateOf: (at) => dates.format(at)
  }
}
