/** When something that gives access was made, used or ends, as the person writes dates: `locale` is that of `words.mail`. */

export function dayOf(date: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(date)
}

export function dayAndTimeOf(date: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(date)
}
