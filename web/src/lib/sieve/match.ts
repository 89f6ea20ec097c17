/**
 * Whether a filter hits a mail that this page knows: by the same rules as the mail server, which compares texts without
 * the case of ASCII letters, and of no others (RFC 4790 §9.2).
 */
import { domainIn, headersOf, sizeOf } from './condition-code.ts'
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
  readonly hasAttachment: boolean
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
      return letter.hasAttachment
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
      return addresseesOf(field, letter).some((one) => isAddressed(test, one, value))
  }
}

function addresseesOf(field: 'from' | 'to' | 'cc' | 'recipient', letter: Letter): readonly Addressee[] {
  return field === 'recipient' ? [...letter.to, ...letter.cc, ...letter.bcc] : letter[field]
}

function isAddressed(test: Test, { name, email }: Addressee, value: string): boolean {
  if (test === 'contains') return compares(test, name ? `${name} <${email}>` : email, value)
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

function some(texts: readonly string[] | null, is: (text: string) => boolean): Verdict {
  return texts && texts.some(is)
}

/** i;ascii-casemap */
export function folded(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
