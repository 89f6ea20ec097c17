/** Whether mail that this device has is found by a search. What the device does not know of it is neither yes nor no. */
import { isMe, type Surroundings } from './search-filter.ts'
import type { Operator } from './search-operators.ts'
import type { Query } from './search-query.ts'
import { ANYWHERE, dayOf, sizeOf } from './search-values.ts'

export interface Candidate {
  /** each as one text: names and addresses */
  readonly from: string
  readonly to: string
  /** null: not known */
  readonly cc: string | null
  readonly subject: string
  /** the beginning, or all of it if the body is here */
  readonly text: string
  readonly hasWholeText: boolean
  readonly fileNames: readonly string[] | null
  readonly size: number | null
  readonly mailboxIds: Readonly<Record<string, boolean>>
  readonly keywords: Readonly<Record<string, boolean>>
  readonly receivedAt: Date
  readonly hasAttachment: boolean
}

/** null: not known. */
type Verdict = boolean | null

export function matches(query: Query, mail: Candidate, around: Surroundings): boolean {
  return judged(query, mail, around) === true
}

function judged(query: Query, mail: Candidate, around: Surroundings): Verdict {
  switch (query.kind) {
    case 'all':
      return least(query.of.map((one) => judged(one, mail, around)))
    case 'any':
      return opposite(least(query.of.map((one) => opposite(judged(one, mail, around)))))
    case 'not':
      return opposite(judged(query.of, mail, around))
    case 'text':
      return inText(query.value, mail)
    case 'field':
      return inField(query.operator, query.value, mail, around)
  }
}

function least(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(false)) return false
  return verdicts.includes(null) ? null : true
}

function opposite(one: Verdict): Verdict {
  return one === null ? null : !one
}

function inText(value: string, mail: Candidate): Verdict {
  const places = [mail.from, mail.to, mail.cc ?? '', mail.subject, mail.text]
  if (places.some((place) => contains(place, value))) return true
  return mail.hasWholeText ? false : null
}

function inField(operator: Operator, value: string, mail: Candidate, around: Surroundings): Verdict {
  switch (operator) {
    case 'from':
    case 'to':
    case 'cc': {
      const place = mail[operator]
      return place === null ? null : contains(place, isMe(value) && around.me ? around.me : value)
    }
    case 'subject':
      return contains(mail.subject, value)
    case 'in':
      return value === ANYWHERE || around.mailboxes(value).some((id) => mail.mailboxIds[id])
    case 'label':
      return Boolean(mail.keywords[around.keyword(value)])
    case 'is':
      return hasMark(value, mail.keywords)
    case 'has':
      return mail.hasAttachment
    case 'filename':
      if (!mail.hasAttachment) return false
      return mail.fileNames && mail.fileNames.some((name) => contains(name, value))
    default:
      return measured(operator, value, mail, around)
  }
}

function measured(operator: Operator, value: string, mail: Candidate, around: Surroundings): Verdict {
  if (operator === 'larger') return mail.size === null ? null : mail.size >= (sizeOf(value) ?? 0)
  if (operator === 'smaller') return mail.size === null ? null : mail.size < (sizeOf(value) ?? 0)
  const day = dayOf(value, around.now) ?? around.now
  const isBefore = mail.receivedAt < day
  return operator === 'before' || operator === 'older' ? isBefore : !isBefore
}

function hasMark(value: string, keywords: Candidate['keywords']): boolean {
  if (value === 'unread') return !keywords['$seen']
  const keyword = { read: '$seen', starred: '$flagged', draft: '$draft' }[value]
  return keyword !== undefined && Boolean(keywords[keyword])
}

function contains(text: string, wanted: string): boolean {
  return folded(text).includes(folded(wanted))
}

/** Letters without case and accents: mail servers compare so too. */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
