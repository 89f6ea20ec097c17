/** The name by which an organisation calls itself in front of its address. */
import { domainOf } from './address.ts'
import { asRead } from './as-read.ts'
import { skeleton } from './confusables.ts'
import { inLetters, isProvider, nameOfOrganisation, organisationOf } from './organisation.ts'
import { localOf } from './spelled.ts'

/** Words that any organisation adds to its name, or has in place of one. */
const ADDED = new Set(
  (
    'the your my our der die das ihr ihre mein dein unser team support service services kundenservice kundendienst kunden ' +
    'customer care info information newsletter news mail email online shop store sales office rechnung rechnungen invoice ' +
    'billing account accounts konto security sicherheit admin gmbh ag inc ltd llc plc se kg ev no reply noreply alert alerts ' +
    'notification notifications update updates com de net org co uk eu at ch'
  ).split(' ')
)
/** Words that many organisations have in their names, and people call them by. */
const COMMON = new Set(
  'bank sparkasse volksbank raiffeisenbank stadtwerke stadt post hotel apotheke praxis uni universität university verein'.split(
    ' '
  )
)
/** Somebody writes by way of somebody else. */
const BY_WAY = /\b(via|by|von|bei|über)\b|[@(|:]/i
/** Programs and desks write from these. */
const DESK =
  /^(no-?reply|do-?not-?reply|info|service|kontakt|contact|support|team|hello|mail|post|news(letter)?|notifications?|updates?|alerts?|rechnung(en)?|billing|invoices?|bestellung(en)?|orders?|kunden\w*|customer\w*|security|accounts?|shop|sales)([-+._].*)?$/i
const SHORTEST = 3

/** The words of it that tell it from others, as they are read: "Ihr Zalando-Team" and "ZALANDO" are the same. */
function wordsOf(name: string): readonly string[] {
  return asRead(name)
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== '' && !ADDED.has(word))
}

/** "ä" is written "ae" in most domains. */
function read(text: string): string {
  return skeleton(text.replace(/([aou])e/gi, '$1')).replace(/[^\p{L}\p{N}]/gu, '')
}

/** The name without what may be added to it; null if nothing is left that one organisation is known by. */
export function organisationNamed(name: string): string | null {
  if (BY_WAY.test(asRead(name))) return null
  const words = wordsOf(name)
  const whole = read(words.join(''))
  return whole.length < SHORTEST || words.every((word) => COMMON.has(word)) ? null : whole
}

/** The same, if the address is that of the organisation itself: its domain bears the name, and no person writes. */
export function nameOfSender(name: string, address: string): string | null {
  const [local, domain] = [localOf(address), inLetters(domainOf(address))]
  const whole = organisationNamed(name)
  if (whole === null || isProvider(organisationOf(domain))) return null
  const words = wordsOf(name)
  const isCommon = words.some((word) => COMMON.has(word))
  const isDesk = DESK.test(local)
  const isPerson = words.length < 4 && words.some((word) => read(local).includes(read(word)))
  if (!isDesk && !isCommon && (isPerson || words.length === 1)) return null
  return (isCommon && isDesk) || bears(words, read(nameOfOrganisation(domain))) ? whole : null
}

/** Its domain is made of words that follow each other in the name, or of their first letters. */
function bears(words: readonly string[], label: string): boolean {
  if (words.length > 1 && read(words.map((word) => word[0] ?? '').join('')) === label) return true
  return words.some((_, from) =>
    words.some((__, to) => to >= from && read(words.slice(from, to + 1).join('')) === label)
  )
}

/** What an organisation adds to its name in a second domain, from which it writes: `facebookmail.com`, `zalando-news.com`. */
const SECOND_DOMAIN = /^-?(e?mails?|news(letters?)?|info|shop|store|group|online)$/

/** The same name below another end: organisations have `.de` and `.com`. */
export function isInAnotherCountry(domain: string, known: string): boolean {
  return nameOfOrganisation(inLetters(domain)) === nameOfOrganisation(inLetters(known))
}

/** Likewise, or a domain that the organisation has for its mail alone. */
export function isItsOwn(domain: string, known: string): boolean {
  const [one, other] = [nameOfOrganisation(inLetters(domain)), nameOfOrganisation(inLetters(known))]
  return one.startsWith(other) && one.slice(other.length).replace(SECOND_DOMAIN, '') === ''
}
