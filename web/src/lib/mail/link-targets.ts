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
const AROUND = /^[^\p{L}\p{N}@]+|(?<=:\/\/.*|^www\..*|\.(?:com|org|net|de))[^\p{L}\p{N}/]+$|[^\p{L}\p{N}/.]+$/giu
/** Signs that are read as those of an address (UTS #39), or are not seen in one. Browsers read other full stops as one (UTS #46). */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/(?<=[\p{Script=Latin}\p{P}\p{S}])\p{M}+/gu, ''],
  [/[\u2800\u{1d159}]/gu, ''],
  [
    /[\u2024\u3002\ua4f8\ua60e\ufe52\uff61\u{10a50}\u{1d16d}]|(?<=\p{Script=Latin})[\u0660\u06d4\u06f0\u0701\u0702](?=\p{Script=Latin})/gu,
    '.'
  ],
  [/[\u1735\u2041\u2044\u2215\u2571\u27cb\u29f8\u2cc6\u3033\u31d3\u{1d23a}]/gu, '/'],
  [/[\u02d0\u02f8\u0589\u05c3\u0703\u0704\u16ec\u1803\u1809\u205a\u2236\ua4fd\ua789\ufe13\ufe30\ufe55]/g, ':'],
  // Of a scheme that is written in other letters
  [/^\P{L}*[hһ][tт][tт][pр][sѕ]?(?=:)/giu, 'https'],
  // Where it has a dot, a point in the middle is one.
  [/(?<=^(?:https?:\/\/|www[.·])\S*)·/giu, '.']
]
/** Spaces that are hardly seen */
const THIN = /[\u2005-\u200a\u202f]/g
/** A scheme with something between its letters, as no other text has it */
const SCATTERED = /^\W*h\W{0,3}t\W{0,3}t\W{0,3}p\W{0,3}(?:s\W{0,3})?:\W{0,3}\/\W{0,3}\/\W{0,3}(?=\p{L})/iu
/** No address is written with them: they may be hidden in one. */
const ODD = /[^\p{L}\p{M}\p{N}\s._:/?#@%&=+~-]/gu
/** What ends so is a file rather than a host. */
const FILES = /\.(pdf|docx?|xlsx?|pptx?|zip|png|jpe?g|gif|txt|html?|js|py|md|csv|ics)$/i

interface Named {
  readonly host: string
  /** the whole of a mail address */
  readonly address: string | null
}

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
  const [scheme] = SCATTERED.exec(signed) ?? []
  // With spaces in its scheme it may have them anywhere.
  return scheme?.includes(' ')
    ? signed.replace(SCATTERED, 'https://').replaceAll(' ', '')
    : signed.replace(SCATTERED, 'https://')
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

/** How many links of one message are read, and how many characters of each: the search stays quick for any HTML. */
const MOST_LINKS = 5_000
const LONGEST = 4_000

const LINK = /<a(?=[\s/])/gi
const VALUE = String.raw`"([^"]*)(?:"|$)|'([^']*)(?:'|$)|([^\s>]*)`
/** The rest of a tag, whose values may contain `>`. It ends before the next `<a`, which is read as a link of its own. */
const REST = String.raw`(?:(?:(?!<a[\s/])[^>=])+|=\s*(?:${VALUE.replaceAll('([', '(?:[')}))*`
const TAG = new RegExp(`${REST}>?`, 'y')
const ATTRIBUTE = new RegExp(String.raw`[\s/]*([^\s/>=]+)(?:\s*=\s*(?:${VALUE}))?`, 'gy')
/** What people do not see: comments, also malformed ones (WHATWG HTML §13.2.5.41), styles, tags. */
const UNREAD = new RegExp(
  String.raw`<!--(?:-?>|[\s\S]*?(?:--!?>|$))|<style\b[\s\S]*?(?:</style|$)|</?([a-z]+)${REST}>?|<(?:[!?]|/(?![a-z]))[^>]*>?`,
  'gi'
)
/** Elements that are shown on lines, or in cells, of their own. */
const APART =
  /^(address|article|blockquote|br|center|dd|div|dl|dt|figure|footer|h[1-6r]|header|li|ol|p|pre|section|t[dhr]|table|ul)$/i

/**
 * The first link of an HTML whose text names another place than the one that opens. Each `<a` is read as a link, whatever stands
 * in front of it: a browser may read it as one.
 */
export function deceptiveLink(
  html: string,
  own: readonly string[] = []
): { readonly shown: string; readonly target: string } | null {
  let left = MOST_LINKS
  for (const { index } of html.matchAll(LINK)) {
    if ((left -= 1) < 0) return null
    const [start, piece] = [2, html.slice(index, index + 2 * LONGEST)]
    TAG.lastIndex = start
    const [tag = ''] = TAG.exec(piece) ?? []
    const target = hrefIn(tag)
    const inner = piece.slice(start + tag.length)
    const end = inner.search(/<\/?a(?=[\s/>])/i)
    const shown = target && unescaped(textIn(end < 0 ? inner : inner.slice(0, end)))
    if (shown && leadsElsewhere(shown, target, own)) return { shown: asRead(shown), target }
  }
  return null
}

function textIn(html: string): string {
  return html.replace(/\s+/g, ' ').replace(UNREAD, (_, name?: string) => (name && APART.test(name) ? ' ' : ''))
}

/** The first of several attributes of the same name counts (WHATWG HTML §13.2.5.33). */
function hrefIn(tag: string): string {
  for (const [, name = '', one, two, three] of tag.matchAll(ATTRIBUTE))
    if (name.toLowerCase() === 'href') return unescaped(one ?? two ?? three ?? '')
  return ''
}

/** The entities that an address may be made of, and those of characters that nobody sees. */
const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ nbsp: ' ', lt: '<', gt: '>', quot: '"', amp: '&', apos: "'" },
    ...{ period: '.', colon: ':', sol: '/', commat: '@', hyphen: '-', dash: '-', lowbar: '_', quest: '?', num: '#' },
    ...{ shy: '', zwj: '', zwnj: '', ZeroWidthSpace: '', NoBreak: '', Tab: '', NewLine: ' ' }
  })
)
/** Few names count without a semicolon (WHATWG HTML §13.5), and in an address none that goes on as a parameter's does. */
const ENTITY = /&(?:#x([0-9a-f]{1,30});?|#(\d{1,30});?|([a-z]{2,20});|(amp|lt|gt|quot|nbsp|shy)(?![a-z\d=]))/gi

function unescaped(text: string): string {
  return text.replace(ENTITY, (whole, hex?: string, code?: string, name?: string, bare?: string) => {
    if (hex ?? code) return letter(hex ? Number.parseInt(hex, 16) : Number(code))
    return ENTITIES.get(name ?? bare?.toLowerCase() ?? '') ?? whole
  })
}

function letter(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
