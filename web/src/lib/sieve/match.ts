/**
 * Whether a filter hits a mail that this page knows: by the same rules as the mail server. Stalwart compares without the
 * case of all letters; the standard asks for that of ASCII letters only (RFC 4790 §9.2).
 */
import { domainIn, headersOf, isAttached, sizeOf, type Part } from './condition-code.ts'
import type { Condition, Filter, Test } from './filter.ts'

export interface Addressee {
  readonly name: string | null
  readonly email: string
}

export interface Letter {
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

export function matches({ match, conditions }: Pick<Filter, 'match' | 'conditions'>, letter: Letter): Verdict {
  const verdicts = conditions.map((condition) => judged(condition, letter))
  const decides = match === 'any'
  if (verdicts.includes(decides)) return decides
  if (verdicts.includes(null)) return null
  // Sieve: `anyof` of nothing is false, `allof` of nothing true; a filter without conditions is not written.
  return verdicts.length > 0 && !decides
}

function judged(condition: Condition, letter: Letter): Verdict {
  const { field, test, value } = condition
  switch (field) {
    case 'size':
      return test === 'under' ? letter.size < sizeOf(value) : letter.size > sizeOf(value)
    case 'attachment':
      return letter.attachments.some(isAttached)
    case 'body':
      return null
    case 'subject':
      return compares(test, letter.subject.trim(), value)
    case 'list':
      return some(letter.headers('list-id'), (text) =>
        test === 'is' ? isList(text, value) : compares(test, text, value)
      )
    case 'header': {
      const [name = ''] = headersOf(condition)
      return some(letter.headers(folded(name)), (text) => compares(test, text.trim(), value))
    }
    default:
      // As it is written: with quotation marks and comments.
      return test === 'contains'
        ? headersIn(letter, headersOf(condition), (text) => compares(test, text, value))
        : addresseesOf(field, letter).some((one) => isAddressed(test, one, value))
  }
}

function addresseesOf(field: 'from' | 'to' | 'cc' | 'recipient', letter: Letter): readonly Addressee[] {
  return field === 'recipient' ? [...letter.to, ...letter.cc, ...letter.bcc] : letter[field]
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

function headersIn(letter: Letter, names: readonly string[], is: (text: string) => boolean): Verdict {
  const verdicts = names.map((name) => some(letter.headers(name), is))
  return verdicts.includes(true) || (verdicts.includes(null) ? null : false)
}

function some(texts: readonly string[] | null, is: (text: string) => boolean): Verdict {
  return texts && texts.some(is)
}

export function folded(text: string): string {
  return text.toLowerCase()
}
