/** Links whose text names another place than the one they lead to. */
import { asRead } from './as-read.ts'
import { domainOf } from './address.ts'
import { passedOn } from './link-checkers.ts'
import { inLetters, isDisguisedDomain, isProvider, organisationOf } from './organisation.ts'
import type { Suspect } from './warnings.ts'

/** The whole text is an address: prose with one in it, such as the title of an issue, does not say where its link leads. */
const NAMED =
  /^(?:https?:\/\/(?:[^\s/@]*@)?|(?:mailto:)?[^\s/@]+@)?((?:[\p{L}\p{N}_-]+\.)+\p{L}{2,24})(?::\d+)?(?:[/?#]\S*)?$/iu
/** What people put around an address. A full stop behind a name without `https://` may belong to it ("M.Sc."). */
const AROUND =
  /^[^\p{L}\p{N}@]+|(?<![^\p{L}\p{N}/])(?=[^\p{L}\p{N}/]+$)(?<=:\/\/.*|^www\..*|\.(?:com|org|net|de))[^\p{L}\p{N}/]+|(?<![^\p{L}\p{N}/.])[^\p{L}\p{N}/.]+$/giu
/** Signs that are read as those of an address (UTS #39), or are not seen in one. Browsers read other full stops as one (UTS #46). */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/(?<=[\p{Script=Latin}\p{P}\p{S}])\p{M}+/gu, ''],
  [/[\u2800\u{1d159}]/gu, ''],
  [
    /[\u2024\u3002\ua4f8\ua60e\ufe52\uff61\u{10a50}\u{1d16d}]|(?<=\p{Script=Latin})[\u0660\u06d4\u06f0\u0701\u0702](?=\p{Script=Latin})/gu,
    '.'
  ],
  // Letters that are read as a colon or a slash, and any sign behind a host
  [/[\u02d0\u2cc6\u3033\ua4fd]|(?<=\.\p{L}{2,24}(?::\d+)?)[^\p{L}\p{M}\p{N}\s\x00-\x7f](?=\S)/gu, '/'],
  // Where it has a dot, a point in the middle is one.
  [/·(?<=^(?:https?:\/\/|www[.·])\S*)/giu, '.']
]
/** Spaces that are hardly seen */
const THIN = /[\u2005-\u200a\u202f]/g
/** A scheme, also with something between its letters, in other letters that look alike, and with other signs behind it */
const SCHEME =
  /^\P{L}*([hһ]\W{0,3}[tт]\W{0,3}[tт]\W{0,3}[pр]\W{0,3}(?:[sѕ]\W{0,3})?(?:\s{0,2}[^\p{L}\p{N}\s]){2,6}\s{0,2})(?=\p{L})/iu
/** No address is written with them: they may be hidden in one. */
const ODD = /[^\p{L}\p{M}\p{N}\s._:/?#@%&=+~-]/gu
/** What ends so is a file rather than a host. */
const FILES = /\.(pdf|docx?|xlsx?|pptx?|zip|png|jpe?g|gif|txt|html?|js|py|md|csv|ics)$/i

interface Named {
  readonly host: string
  /** the whole of a mail address */
  readonly address: string | null
}

/** Characters of the text of a link: the search stays quick for any HTML. */
const LONGEST = 4_000

/** What the text of a link names; null if it names no place. */
function namedIn(text: string): Named | null {
  const read = readOf(text)
  const whole = [read, read.replace(ODD, '')].map((one) => one.replace(AROUND, '')).find((one) => NAMED.test(one)) ?? ''
  const host = NAMED.exec(whole)?.[1]?.toLowerCase()
  if (!host || (FILES.test(host) && !/^https?:/i.test(whole))) return null
  return { host, address: /^(?:mailto:)?([^\s/@:]+@[^\s/@?#]+)(?:[?#]\S*)?$/i.exec(whole)?.[1]?.toLowerCase() ?? null }
}

function readOf(text: string): string {
  const read = asRead(text.slice(0, LONGEST).replace(THIN, '')).slice(0, 500)
  const signed = SIGNS.reduce((made, [sign, one]) => made.replace(sign, one), read)
  const whole = signed.replace(SCHEME, 'https://')
  // With spaces in its scheme it may have them anywhere.
  return SCHEME.exec(signed)?.[1]?.includes(' ') ? whole.replaceAll(' ', '') : whole
}

/** Domains of confirmed senders, who count by links of a third who opens them: what names their own place deceives nobody. */
export function ownPlaces({ from, authentication }: Pick<Suspect, 'from' | 'authentication'>): readonly string[] {
  const domains = authentication === 'passed' ? from.map(({ address }) => domainOf(address)) : []
  return domains.filter((domain) => !isProvider(organisationOf(domain)))
}

/** Whether the text names another organisation's place than the one that opens, and none of `own`. */
export function leadsElsewhere(text: string, href: string, own: readonly string[] = []): boolean {
  const named = namedIn(text)
  if (named === null) return false
  if (isDisguisedDomain(named.host)) return true
  if (own.some((domain) => isOf(domain, named.host))) return false
  const target = urlOf(href.trim().replace(/^\/\//, 'https://'))
  if (target?.protocol === 'mailto:') return named.address !== null && writesElsewhere(named.address, target)
  if (!target || !/^https?:$/.test(target.protocol)) return false
  const isNamed = (host: string | null): boolean => host !== null && isOf(host, named.host)
  return !isNamed(target.hostname) && !isNamed(passedOn(target))
}

function isOf(host: string, named: string): boolean {
  return organisationOf(inLetters(host)) === organisationOf(inLetters(named))
}

/** Somebody of another organisation gets the message; at a provider, somebody else. */
function writesElsewhere(named: string, target: URL): boolean {
  const fields = [...target.searchParams].filter(([name]) => /^(to|cc|bcc)$/i.test(name)).map(([, value]) => value)
  const domain = domainOf(named)
  return [decoded(target.pathname), ...fields]
    .flatMap((field) => field.toLowerCase().match(/[^\s,;<>]+@[^\s,;<>]+/g) ?? [])
    .some((one) => one !== named && (isProvider(organisationOf(domain)) || !isOf(domainOf(one), domain)))
}

/** What is no UTF-8 stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A word that says itself that it is an address of the web. */
const ADDRESSES = /(?:https?:\/\/|www\.)\S+/giu
/** Likewise one of a mailbox, which counts where a mail is to be written. */
const MAILBOXES = /[^\s<>()@:]+\s?@\s?[^\s<>()@]+/gu
/** Characters: nobody reads a longer word. */
const LONGEST_WORD = 1_000

/** Lines: nobody reads an address on more. */
const MOST_BROKEN = 12

/** Something that is seen, and cannot be read. */
const UNREADABLE = '\ufffc'

/**
 * Whether what the eye sees of a link, in lines, names another place than the one that opens. A line may be broken within an
 * address; and unlike the search through a whole message, this one asks about a link that somebody presses. There may be several
 * readings, between form feeds.
 */
export function seemsElsewhere(seen: string, href: string, own: readonly string[] = []): boolean {
  if (seen.includes(UNREADABLE)) return true
  return seen.split('\f').some((reading) => {
    const lines = reading.split('\n')
    const words = reading.split(/\s+/)
    if (words.some(({ length }) => length > LONGEST_WORD)) return true
    const addresses = words.flatMap((word) => asRead(word).match(ADDRESSES) ?? [])
    const mailboxes = /^mailto:/i.test(href) ? lines.flatMap((line) => line.match(MAILBOXES) ?? []) : []
    // Where a line says the truth, the next one is none of its parts.
    const broken = lines.some((line) => namedIn(line) && !leadsElsewhere(line, href, own)) ? [] : [lines.join('')]
    const texts = [
      ...broken,
      lines.join(' '),
      ...lines,
      ...addresses,
      ...brokenAddresses(lines, href, own),
      ...mailboxes.map((one) => one.replace(/\s/g, ''))
    ]
    return texts.some((text) => leadsElsewhere(text, href, own))
  })
}

/** Addresses that begin at the end of a line, behind other words, as far as they may go on in the next ones. */
function brokenAddresses(lines: readonly string[], href: string, own: readonly string[]): string[] {
  return lines.flatMap((line, at) => {
    const [begun] = /(?:https?:\/\/|www\.)\S*$/iu.exec(asRead(line)) ?? []
    if (begun === undefined) return []
    const made = [begun]
    for (const next of lines.slice(at + 1, at + MOST_BROKEN)) {
      const [word = ''] = next.trim().split(/\s/)
      made.push(`${made.at(-1) ?? ''}${word}`)
      if (word !== next.trim()) break
    }
    return made.some((one) => namedIn(one) && !leadsElsewhere(one, href, own)) ? [] : made
  })
}

function urlOf(href: string): URL | null {
  try {
    return new URL(href)
  } catch {
    return null
  }
}
