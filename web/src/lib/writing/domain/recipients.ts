/** What a person types or pastes into a field of recipients → recipients. */
import type { Recipient } from '#lib/writing/domain/draft.ts'
import { isAddress } from './address.ts'
import { segmentsOf } from './recipient-segments.ts'

/** Characters that are not seen, and come along with text that is copied from a page. */
const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu
/** Characters of a paste that are read. More are thousands of recipients, which no mail server takes. */
const MOST = 200_000
/** Characters of a recipient. What is longer is none, and would take the patterns long. */
const LONGEST = 1_000

/** What is no address stays what it is, as a recipient without a name: nothing that was typed is lost. */
export function recipientsOf(text: string): Recipient[] {
  return segmentsOf(text.slice(0, MOST)).flatMap(recipientsIn)
}

/** One segment: `Name <address>`, `address (name)`, a name and an address, several addresses, or no address at all. */
function recipientsIn(segment: string): Recipient[] {
  if (segment.length > LONGEST) {
    return [{ name: '', address: segment }]
  }
  const angle = /^(.*?)\s*<\s*([^<>]*?)\s*>\s*$/su.exec(segment)
  if (angle) {
    return [recipient(angle[1] ?? '', angle[2] ?? '')]
  }
  const behind =
    /^(\S+@\S+)\s+\(([^()]*)\)$/su.exec(segment) ??
    /^(.*?)\s*[[(]\s*(?:mailto:)?([^\s()[\]]+@[^\s()[\]]+)\s*[\])]$/su.exec(segment)
  if (behind) {
    const [, first = '', second = ''] = behind
    return [isAddress(addressIn(first)) ? recipient(second, first) : recipient(first, second)]
  }
  const words = segment.split(/\s+/u)
  if (words.every((word) => isAddress(addressIn(word)))) {
    return words.map((word) => recipient('', word))
  }
  const last = words.at(-1) ?? ''
  // Two columns of a table: a name, and an address.
  return [isAddress(addressIn(last)) ? recipient(words.slice(0, -1).join(' '), last) : recipient('', segment)]
}

function recipient(name: string, address: string): Recipient {
  const found = addressIn(address)
  const said = nameIn(name)
  return { name: addressIn(said) === found ? '' : said, address: found }
}

function addressIn(text: string): string {
  const plain = text
    .replace(INVISIBLE, '')
    .trim()
    .replace(/^mailto:/iu, '')
  return unquoted(plain, "'").normalize('NFC')
}

/** Without the quotes of RFC 5322 §3.2.4, or those of Outlook. */
function nameIn(text: string): string {
  const plain = text.replace(/[\p{Cc}\u2028\u2029\s]+/gu, ' ').trim()
  const inner = unquoted(plain, '"')
  return inner === plain ? unquoted(plain, "'").trim() : inner.replace(/\\(.)/gsu, '$1').trim()
}

function unquoted(text: string, quote: string): string {
  return text.length > 1 && text.startsWith(quote) && text.endsWith(quote) ? text.slice(1, -1) : text
}

/** A recipient as one would type it: `recipientsOf` gives the same again. */
export function recipientText({ name, address }: Recipient): string {
  if (name === '') {
    return address
  }
  const isPlain =
    /^[\p{L}\p{M}\p{N} .'\-_&+\p{Extended_Pictographic}\u200d\ufe0f]+$/u.test(name) && !/^'.*'$/u.test(name)
  return `${isPlain ? name : `"${name.replace(/[\\"]/gu, '\\$&')}"`} <${address}>`
}
