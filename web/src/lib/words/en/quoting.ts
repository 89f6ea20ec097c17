/** What stands above the text that a letter quotes. */
const dates = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' })

export const quoting = {
  attribution: (name: string, at: Date) => `On ${dates.format(at)}, ${name} wrote:`,
  forwarded: 'Forwarded message',
  from: 'From',
  to: 'To',
  cc: 'Cc',
  date: 'Date',
  subject: 'Subject',
  dateOf: (at: Date) => dates.format(at)
}
