/** What is suspicious about a sender, compared with those whom the person knows. */
import { domainOf } from './address.ts'
import { asRead } from './as-read.ts'
import { skeleton } from './confusables.ts'
import { editDistance } from './edit-distance.ts'
import { isInAnotherCountry, isItsOwn, organisationNamed } from './organisation-name.ts'
import {
  isDisguisedDomain,
  inLetters,
  isProvider,
  nameOfOrganisation,
  organisationOf,
  shownDomain
} from './organisation.ts'
import type { Person } from './people.ts'
import type { KnownSender } from './senders.ts'
import { isUnseenIn, localOf, spelled } from './spelled.ts'
import { isGrave, MOST_SENDERS, type Suspect, type Warning } from './warnings.ts'

/** What is judged of a message, beside what any warning needs. */
export interface Judged extends Suspect {
  /** it came by a list, or can be unsubscribed from */
  readonly isBulk: boolean
}

/** What is suspicious about each of its senders, and about whom a reply would go to. */
export function lookalikesOf(message: Judged, known: readonly KnownSender[]): readonly Warning[] {
  if (message.own) return []
  const senders = message.from.slice(0, MOST_SENDERS).filter(({ address }) => address.includes('@'))
  const found = senders.map(
    (sender) => disguised(sender) ?? (isKnown(sender.address, known) ? null : strange(sender, message, known))
  )
  return [...found, replyElsewhere(message, known)].filter((warning) => warning !== null)
}

/** The worst that the person does not know: what is worth a word hides none that speaks against the message. */
export function worstOf(found: readonly (Warning | null)[], isKnown: (warning: Warning) => boolean): Warning | null {
  const left = found.filter((warning) => warning !== null).filter((warning) => !isKnown(warning))
  return left.find(isGrave) ?? left[0] ?? null
}

/** The first that is suspicious; null for nothing. */
export function lookalikeOf(message: Judged, known: readonly KnownSender[]): Warning | null {
  return lookalikesOf(message, known)[0] ?? null
}

/**
 * Newsletters often name another address to reply to; it is suspicious only if the sender was not confirmed. The members of a
 * list write to one that the person wrote to before.
 */
function replyElsewhere({ from, replyTo, authentication }: Judged, known: readonly KnownSender[]): Warning | null {
  if (authentication === 'passed' || !from[0]) return null
  const domains = from.map(({ address }) => domainOf(address))
  const isStrange = (address: string): boolean =>
    !domains.includes(domainOf(address)) && !known.some((one) => one.wrote && one.address === address.toLowerCase())
  const to = replyTo.find(({ address }) => isStrange(address))
  return to ? { kind: 'replyElsewhere', from: from[0].address, to: to.address } : null
}

function isKnown(address: string, known: readonly KnownSender[]): boolean {
  return known.some((one) => one.address === address.toLowerCase())
}

/** Something of it cannot be seen, or its domain is written with letters that are taken for others. */
function disguised(sender: Person): Warning | null {
  const { address } = sender
  if (isUnseenIn(address))
    return { kind: 'disguised', shown: asRead(spelled(address).replace(/\[U\+\w+\]/g, '')), real: spelled(address) }
  const domain = domainOf(address)
  if (!isDisguisedDomain(domain)) return null
  return { kind: 'disguised', shown: inLetters(domain), real: shownDomain(domain) }
}

function strange(sender: Person, message: Judged, known: readonly KnownSender[]): Warning | null {
  const domain = domainOf(sender.address)
  const isFromKnownDomain = known.some((one) => isSameOrganisation(domainOf(one.address), domain))
  if (isFromKnownDomain && !isProvider(organisationOf(domain))) return null
  const near = isFromKnownDomain
    ? known.find((one) => isTwin(sender, one))
    : known.find((one) => isNearDomain(domain, domainOf(one.address)))
  if (near) return { kind: 'nearMiss', known: near.address, now: sender.address }
  return namesake(sender, message, known) ?? impostor(sender, message, known)
}

/**
 * Whether two addresses at one provider are read as the same. Ingo and Lisa Müller are two people: i.mueller and l.mueller are
 * taken for each other only under the same name.
 */
function isTwin(sender: Person, known: KnownSender): boolean {
  const [name, local] = [nameRead(sender.name), skeleton(localOf(sender.address))]
  if (domainOf(known.address) !== domainOf(sender.address) || skeleton(localOf(known.address)) !== local) return false
  return name === '' || nameRead(known.name) === name
}

/** The name of an organisation that wrote before, and was confirmed, from elsewhere. A list or a service has no claim to it. */
function impostor(sender: Person, { authentication }: Judged, known: readonly KnownSender[]): Warning | null {
  const name = organisationNamed(sender.name)
  if (name === null) return null
  const domain = domainOf(sender.address)
  const same = known.filter((one) => one.organisation && organisationNamed(one.name) === name)
  const isOwn = (one: KnownSender): boolean =>
    isInAnotherCountry(domain, domainOf(one.address)) ||
    (authentication === 'passed' && isItsOwn(domain, domainOf(one.address)))
  if (!same[0] || same.some(isOwn)) return null
  return { kind: 'namesake', name: asRead(sender.name), known: same[0].address, now: sender.address }
}

function isSameOrganisation(one: string, other: string): boolean {
  return readingOf(one).organisation === readingOf(other).organisation
}

/** Local parts that belong to no person: programs write from them, and nobody replies to them. */
const NO_PERSON =
  /^(no-?reply|do-?not-?reply|notifications?|notify|mailer|bounces?|messages?|updates?|news(letter)?|info|service|team|hello|support|invitations?|drive-shares.*|calendar.*)([-+._].*)?$/i

/**
 * The name of somebody whom the person writes to, with an address of another organisation. People do have two
 * addresses: where the new one bears their name, it is worth a word; where it does not, it is an alarm.
 */
function namesake(sender: Person, message: Judged, known: readonly KnownSender[]): Warning | null {
  if (!isNameOfPerson(sender.name)) return null
  const name = nameRead(sender.name)
  const same = known.find((one) => one.wrote && nameRead(one.name) === name)
  if (!same) return null
  const local = localOf(sender.address)
  // A service tells what somebody did there ("Anna Berg" by GitHub), or a list passes a message on.
  if (message.authentication === 'passed' && (message.isBulk || NO_PERSON.test(local))) return null
  const isMild = bearsName(local, sender.name) && message.authentication !== 'failed'
  const kind = isMild ? 'newAddress' : 'namesake'
  return { kind, name: asRead(sender.name), known: same.address, now: sender.address }
}

/** Words that stand in names of departments and of companies, which have many addresses. */
const NO_NAME =
  /\b(team|support|service|info|newsletter|news|sales|shop|office|kundenservice|kundendienst|rechnung|invoice|billing|admin|gmbh|ag|inc|ltd|llc|se|kg|ev|no-?reply|via)\b/i

function wordsOf(name: string): readonly string[] {
  return asRead(name)
    .split(/[\s,."'‘’“”]+/)
    .filter((word) => word !== '')
}

/** "Berg, Anna" is read as "Anna Berg", and so is a name within quotation marks. */
function nameRead(name: string): string {
  const [last = '', ...first] = asRead(name).split(',')
  return wordsOf([...first, last].join(' '))
    .map(skeleton)
    .join(' ')
}

/** "Booking.com" is none. */
function isNameOfPerson(name: string): boolean {
  const words = wordsOf(name)
  return words.length >= 2 && words.length <= 5 && !NO_NAME.test(name) && !/[@|:(]|\.\p{Ll}{2,}$/u.test(name)
}

/** `berg.anna` bears the name of Anna Berg, and so does `aberg`; `office77` does not. */
function bearsName(local: string, name: string): boolean {
  const lettersOf = (text: string): string => skeleton(text).replace(/[^\p{L}]/gu, '')
  const written = lettersOf(local)
  return wordsOf(name)
    .map(lettersOf)
    .some((word) => word.length > 2 && written.includes(word))
}

/** Longer than that both have to be for a difference of one letter to be no chance, and of two. */
const LONG = 6
const VERY_LONG = 12
/** RFC 1035 §2.3.4: a part of a domain */
const LONGEST = 63

interface Reading {
  readonly organisation: string
  readonly isProvider: boolean
  readonly name: string
  readonly skeleton: string
}

/** Each message is compared with some 250 senders, most of whom are the same each time. */
const MOST_READINGS = 1_000
const readings = new Map<string, Reading>()

function readingOf(domain: string): Reading {
  const known = readings.get(domain)
  if (known) return known
  const organisation = organisationOf(inLetters(domain))
  const name = nameOfOrganisation(organisation)
  const reading = { organisation, isProvider: isProvider(organisation), name, skeleton: skeleton(name) }
  if (readings.size >= MOST_READINGS) readings.clear()
  readings.set(domain, reading)
  return reading
}

/**
 * Whether two domains of different organisations are read as the same, or differ by a slip of the pen. Names that
 * differ in their country alone (`.de`, `.com`) are none: organisations have both.
 */
function isNearDomain(one: string, other: string): boolean {
  const [first, second] = [readingOf(one), readingOf(other)]
  if (first.organisation === second.organisation || (first.isProvider && second.isProvider)) return false
  const [a, b] = [first.name, second.name]
  if (a === b) return false
  const [x, y] = [first.skeleton, second.skeleton]
  if (x === y) return Math.min(a.length, b.length) > 3
  // Other figures are other names: studio54, web24.
  if (x.replace(/\d/g, '') === y.replace(/\d/g, '')) return false
  if (differsInAbbreviation(x, y)) return false
  const [shorter, longer] = [Math.min(x.length, y.length), Math.max(x.length, y.length)]
  if (longer - shorter > 2 || longer > LONGEST) return false
  const apart = editDistance(x, y)
  return (apart === 1 && shorter >= LONG && !isPlural(x, y)) || (apart === 2 && shorter >= VERY_LONG)
}

/** Parts of a name that are so short stand for words of which they are the beginnings. */
const ABBREVIATION = 3

/** "tu-berlin" and "fu-berlin" are two universities. */
function differsInAbbreviation(one: string, other: string): boolean {
  const [first, second] = [one.split('-'), other.split('-')]
  if (first.length < 2 || first.length !== second.length) return false
  return first.every(
    (part, at) => part === second[at] || Math.max(part.length, second[at]?.length ?? 0) <= ABBREVIATION
  )
}

/** "hotel" and "hotels" are two words of a language. */
function isPlural(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return ['s', 'n', 'e'].some((end) => short + end === long)
}
