/** A `mailto:` address (RFC 6068), which any page on the web can make: only what the person sees before sending is taken. */
import type { Recipient } from '#lib/writing/domain/draft.ts'
import { withRecipients } from './addressees.ts'
import { recipientsOf } from './recipients.ts'

/** Characters of the address as a whole. More cannot be clicked in any browser that hands it over in time. */
const MOST = 200_000
const MOST_RECIPIENTS = 500
const MOST_SUBJECT = 2_000
const MOST_BODY = 100_000

export interface Mailto {
  readonly to: readonly Recipient[]
  readonly cc: readonly Recipient[]
  readonly bcc: readonly Recipient[]
  readonly subject: string
  /** plain text */
  readonly body: string
}

/**
 * Null if it is none. RFC 6068 §4: other header fields are unsafe, so they are left out, and so is `attach`, by which a page
 * could send a file of the person's disk.
 */
export function mailtoOf(url: string): Mailto | null {
  const match = /^\s*mailto:([^?#]*)(?:\?([^#]*))?/iu.exec(shortened(url))
  if (!match) {
    return null
  }
  const [, path = '', query = ''] = match
  const found: Record<string, string[]> = { to: [path], cc: [], bcc: [], subject: [], body: [] }
  for (const field of query.replaceAll('&amp;', '&').split('&')) {
    const [name = '', ...value] = field.split('=')
    const key = decoded(name).toLowerCase()
    if (Object.hasOwn(found, key)) found[key]?.push(value.join('='))
  }
  return {
    to: peopleIn(found['to']),
    cc: peopleIn(found['cc']),
    bcc: peopleIn(found['bcc']),
    subject: decoded(found['subject']?.at(-1) ?? '')
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .trim()
      .slice(0, MOST_SUBJECT)
      .toWellFormed(),
    body: textIn(found['body'])
  }
}

/** Without the piece that would be cut through: half an address is another one. */
function shortened(url: string): string {
  return url.length > MOST ? url.slice(0, MOST).replace(/[,&?][^,&?]*$/u, '') : url
}

/** RFC 6068 §2: a comma between addresses is not encoded, one within an address is. */
function peopleIn(values: readonly string[] = []): Recipient[] {
  const people = values.flatMap((value) => value.split(',')).flatMap((each) => recipientsOf(decoded(each)))
  return withRecipients([], people).slice(0, MOST_RECIPIENTS)
}

/** RFC 6068 §5: line ends are %0D%0A. */
function textIn(values: readonly string[] = []): string {
  const text = values.map(decoded).join('\n').replace(/\r\n?/gu, '\n')
  return text
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .slice(0, MOST_BODY)
    .toWellFormed()
}

/** What is no UTF-8 stays as it is. A plus is a plus (RFC 6068 §5). */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
