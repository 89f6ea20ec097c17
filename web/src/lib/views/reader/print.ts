/** Prints messages of the open conversation: heads in our words, and all of each mail. */
import { recipientText } from '#lib/writing/domain/recipients.ts'
import { print, type PrintedMessage } from '#lib/frame/print.ts'
import { wholeBlob } from '#lib/jmap/blob.ts'
import { fullTime } from '#lib/mail/dates.ts'
import type { Person } from '#lib/mail/people.ts'
import type { Message } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { Reading } from '#lib/words/parts.ts'
import type { Words } from '#lib/words/en.ts'

type Labels = Pick<Reading['details'], 'from' | 'to' | 'cc' | 'date'> & { attachments: string }

/** Rejects if a message cannot be had. */
export async function printMessages(
  page: MailPage,
  chosen: readonly Message[],
  labels: Labels,
  mail: Words['mail']
): Promise<void> {
  const ids = chosen.map(({ id }) => id)
  await page.mail.reader.bodies(ids)
  const messages = page.mail.reader.conversation?.messages.filter(({ id }) => ids.includes(id)) ?? []
  const printed = await Promise.all(messages.map((message) => printedMessage(page, message, labels, mail)))
  const subject = messages[0]?.subject || mail.noSubject
  await print(
    subject,
    printed,
    messages.every((message) => !message.body?.html || page.reading.showsPictures(message))
  )
}

async function printedMessage(
  page: MailPage,
  message: Message,
  labels: Labels,
  mail: Words['mail']
): Promise<PrintedMessage> {
  const { body } = message
  if (!body) throw new Error('the message did not load')
  const head = [
    [labels.from, peopleOf(message.from)],
    [labels.to, peopleOf(message.to)],
    [labels.cc, peopleOf(message.cc)],
    [labels.date, fullTime(message.sentAt ?? message.receivedAt, mail.locale)],
    [labels.attachments, message.attachments.map(({ name }) => name).join(', ')]
  ] as const
  const images = new Map<string, Blob>()
  const fetched = [...body.inline].map(async ([id, { url }]) =>
    images.set(id, await page.mail.reader.download(url, wholeBlob))
  )
  // A picture that is missing leaves its description.
  await Promise.allSettled(fetched)
  return { head: head.filter(([, value]) => value !== ''), html: body.html, text: body.text, images }
}

/** A name that looks like an address is in quotes, so that the address is told from it. */
function peopleOf(people: readonly Person[]): string {
  return people.map(recipientText).join(', ')
}
