/** What stands above the text that a reply or a forwarded message quotes. `locale`: whose dates and times are written. */
export const quoting = (locale = 'en-GB') => {
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' })
  return {
    attribution: (name: string, at: Date) => `On ${dates.format(at)}, ${name} wrote:`,
    forwarded: 'Forwarded message',
    from: 'From',
    to: 'To',
    cc: 'Cc',
    date: 'Date',
    subject: 'Subject',
    dateOf: (at: Date) => dates.format(at)
  }
}
