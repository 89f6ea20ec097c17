/**
 * Whether a filter matches an email that this page knows, by the rules of the mail server. Stalwart ignores the case of
 * all letters, although the standard asks for that of ASCII letters only (RFC 4790 §9.2).
 */
import { domainIn, headersOf, isAttached, sizeOf, type Part } from './condition-code.ts'
import type { Condition, Filter, Test } from './filter.ts'

export interface Addressee {
  readonly name: string | null
  readonly email: string
}

export interface Candidate {
  readonly from: readonly Addressee[]
  readonly to: readonly Addressee[]
  readonly cc: readonly Addressee[]
  readonly bcc: readonly Addressee[]
  readonly subject: string
  readonly size: number
  readonly attachments: readonly Part[]
  /** all headers of that name, in lower case; null: not known */
  headers(name: string): readonly string[] | null
}

/** null: not known */
export type Verdict = boolean | null

export function matches({ match, conditions }: Pick<Filter, 'match' | 'conditions'>, email: Candidate): Verdict {
  const verdicts = conditions.map((condition) => judged(condition, email))
  const decides = match === 'any'
  if (verdicts.includes(decides)) return decides
  if (verdicts.includes(null)) return null
  // Sieve: `anyof` of nothing is false, `allof` of nothing true; a filter without conditions is not written.
  return verdicts.length > 0 && !decides
}

function judged(condition: Condition, email: Candidate): Verdict {
  const { field, test, value } = condition
  switch (field) {
    case 'size':
      return test === 'under' ? email.size < sizeOf(value) : email.size > sizeOf(value)
    case 'attachment':
      return email.attachments.some(isAttached)
    case 'body':
      return null
    case 'subject':
      return compares(test, email.subject.trim(), value)
    case 'list':
      return some(email.headers('list-id'), (text) =>
        test === 'is' ? isList(text, value) : compares(test, text, value)
      )
    case 'header': {
      const [name = ''] = headersOf(condition)
      return some(email.headers(folded(name)), (text) => compares(test, text.trim(), value))
    }
    default:
      // As it is written: with quotation marks and comments.
      return test === 'contains'
        ? headersIn(email, headersOf(condition), (text) => compares(test, text, value))
        : addresseesOf(field, email).some((one) => isAddressed(test, one, value))
  }
}

function addresseesOf(field: 'from' | 'to' | 'cc' | 'recipient', email: Candidate): readonly Addressee[] {
  return field === 'recipient' ? [...email.to, ...email.cc, ...email.bcc] : email[field]
}

function isAddressed(test: Test, { email }: Addressee, value: string): boolean {
  if (test === 'domain') return compares('is', email.slice(email.lastIndexOf('@') + 1), domainIn(value))
  return compares(test, email, value)
}

function isList(text: string, id: string): boolean {
  return folded(text).includes(`<${folded(id)}>`) || folded(text.trim()) === folded(id)
}

function compares(test: Test, text: string, wanted: string): boolean {
  const [here, there] = [folded(text), folded(wanted)]
  switch (test) {
    case 'begins':
      return here.startsWith(there)
    case 'ends':
      return here.endsWith(there)
    case 'contains':
      return here.includes(there)
    default:
      return here === there
  }
}

function headersIn(email: Candidate, names: readonly string[], is: (text: string) => boolean): Verdict {
  const verdicts = names.map((name) => some(email.headers(name), is))
  return verdicts.includes(true) || (verdicts.includes(null) ? null : false)
}

function some(texts: readonly string[] | null, is: (text: string) => boolean): Verdict {
  return texts && texts.some(is)
}

export function folded(text: string): string {
  return text.toLowerCase()
}
