/** Links whose text names another place than the one they lead to. */
import { asRead } from './as-read.ts'
import { domainOf } from './address.ts'
import { passedOn } from './link-checkers.ts'
import { inLetters, isProvider, organisationOf } from './organisation.ts'

/** The whole text is an address: prose with one in it, such as the title of an issue, does not say where its link leads. */
const NAMED =
  /^(?:https?:\/\/(?:[^\s/@]*@)?|(?:mailto:)?[^\s/@]+@)?((?:[\p{L}\p{N}_-]+\.)+\p{L}{2,24})(?::\d+)?(?:[/?#]\S*)?$/iu
/** What people put around an address. A full stop behind a name without `https://` may belong to it ("M.Sc."). */
const AROUND = /^[^\p{L}\p{N}@]+|(?<=:\/\/.*)[^\p{L}\p{N}/]+$|[^\p{L}\p{N}/.]+$/gu
/** Signs that are read as those of an address. Browsers read other full stops as one (UTS #46). */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/[\u2024\u3002\ufe52\uff61]/g, '.'],
  [/[\u2044\u2215\u2571\u27cb\u29f8\u3033]/g, '/'],
  [/[\u02d0\u0589\u05c3\u2236\ua789\ufe13\ufe55]/g, ':'],
  // Of a scheme that is written in other letters
  [/^\P{L}*[hһ][tт][tт][pр][sѕ]?(?=:)/giu, 'https']
]
/** What ends so is a file rather than a host. */
const FILES = /\.(pdf|docx?|xlsx?|pptx?|zip|png|jpe?g|gif|txt|html?|js|py|md|csv|ics)$/i

interface Named {
  readonly host: string
  /** the whole of a mail address */
  readonly address: string | null
}

/** What the text of a link names; null if it names no place. */
function namedIn(text: string): Named | null {
  const read = SIGNS.reduce((made, [sign, one]) => made.replace(sign, one), asRead(text.slice(0, LONGEST)))
  const whole = read.slice(0, 500).replace(AROUND, '')
  const host = NAMED.exec(whole)?.[1]?.toLowerCase()
  if (!host || FILES.test(host)) return null
  return { host, address: /^(?:mailto:)?([^\s/@:]+@[^\s/@?#]+)(?:[?#]\S*)?$/i.exec(whole)?.[1]?.toLowerCase() ?? null }
}

/** Whether the text names another organisation's place than the one that opens. */
export function leadsElsewhere(text: string, href: string): boolean {
  const named = namedIn(text)
  if (named === null) return false
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

/** Something that is seen, and cannot be read. */
const UNREADABLE = '\ufffc'

/**
 * Whether what the eye sees of a link, in lines, names another place than the one that opens. A line may be broken within an
 * address; and unlike the search through a whole message, this one asks about a link that somebody presses. There may be several
 * readings, between form feeds.
 */
export function seemsElsewhere(seen: string, href: string): boolean {
  if (seen.includes(UNREADABLE)) return true
  return seen.split('\f').some((reading) => {
    const lines = reading.split('\n')
    const words = asRead(reading).match(ADDRESSES) ?? []
    return [lines.join(''), lines.join(' '), ...lines, ...words].some((text) => leadsElsewhere(text, href))
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
export function deceptiveLink(html: string): { readonly shown: string; readonly target: string } | null {
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
    if (shown && leadsElsewhere(shown, target)) return { shown: asRead(shown), target }
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
