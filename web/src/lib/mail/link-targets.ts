/** Links whose text names another place than the one they lead to. */
import { asRead } from './as-read.ts'
import { inLetters, organisationOf } from './organisation.ts'

/** Hosts of mail servers that check each link when it is opened: the place is in the query, or in the path. */
const CHECKERS =
  /(^|\.)(safelinks\.protection\.outlook\.com|urldefense\.(com|proofpoint\.com)|linkprotect\.cudasvc\.com|protection\.sophos\.com|mimecast(protect)?\.com)$/

const HOST = String.raw`((?:[\p{L}\p{N}_-]+\.)+\p{L}{2,24})\.?(?::\d+)?(?=[/?#\s]|$)`
/** A host that is the whole text, perhaps with a path, or one that follows `https://` anywhere in it. */
const NAMED = new RegExp(String.raw`^${HOST}\S*$|https?://(?:[^\s/@]*@)?${HOST}`, 'iu')
/** What ends so is a file rather than a host. */
const FILES = /\.(pdf|docx?|xlsx?|pptx?|zip|png|jpe?g|gif|txt|html?|js|py|md|csv|ics)$/i

/** The host that the text of a link names; null if it names none. Browsers read other full stops as one (UTS #46). */
function hostNamed(text: string): string | null {
  const read = asRead(text.slice(0, LONGEST)).replace(/[\u3002\uff61]/g, '.')
  const [, alone, behind] = NAMED.exec(read.slice(0, 500).replace(/^[^\p{L}\p{N}]+/u, '')) ?? []
  const host = alone ?? behind
  return host && !FILES.test(host) ? host.toLowerCase() : null
}

/** Whether the text names another organisation's place than the one that opens. */
export function leadsElsewhere(text: string, href: string): boolean {
  const named = hostNamed(text)
  if (named === null) return false
  const target = urlOf(href.trim().replace(/^\/\//, 'https://'))
  if (!target || !/^https?:$/.test(target.protocol)) return false
  const organisation = organisationOf(inLetters(named))
  return !places(target).some((host) => organisationOf(inLetters(host)) === organisation)
}

/** The host, or the one that a server which checks links passes on to. */
function places(target: URL): readonly string[] {
  const { hostname, pathname, searchParams } = target
  // At other hosts and paths of Google anybody may publish.
  if (hostname === 'www.google.com' && pathname === '/url')
    return [hostname, ...passedOn([searchParams.get('q') ?? searchParams.get('url') ?? ''])]
  if (!CHECKERS.test(hostname)) return [hostname]
  return [hostname, ...passedOn([...searchParams.values(), target.href.replace(/^.*?__/, '').replace(/__.*$/, '')])]
}

function passedOn(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => urlOf(value.replace(/^(?!https?:)/, 'https://'))?.hostname ?? [])
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
/** What people do not see: comments, styles, tags. */
const UNREAD = new RegExp(
  String.raw`<!--(?:-?>|[\s\S]*?(?:--!?>|$))|<style\b[\s\S]*?(?:</style|$)|</?[a-z]${REST}>?`,
  'gi'
)

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
    const shown = target && unescaped((end < 0 ? inner : inner.slice(0, end)).replace(UNREAD, ''))
    if (shown && leadsElsewhere(shown, target)) return { shown: asRead(shown), target }
  }
  return null
}

/** The first of several attributes of the same name counts (WHATWG HTML §13.2.5.33). */
function hrefIn(tag: string): string {
  for (const [, name = '', one, two, three] of tag.matchAll(ATTRIBUTE))
    if (name.toLowerCase() === 'href') return unescaped(one ?? two ?? three ?? '')
  return ''
}

/** The entities that an address may be made of, and those of characters that nobody sees. */
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ nbsp: ' ', lt: '<', gt: '>', quot: '"', amp: '&', apos: "'" },
  ...{ period: '.', colon: ':', sol: '/', commat: '@', hyphen: '-', dash: '-', lowbar: '_', quest: '?', num: '#' },
  ...{ shy: '', zwj: '', zwnj: '', ZeroWidthSpace: '', NoBreak: '', Tab: '', NewLine: ' ' }
}

function unescaped(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,8})|#(\d{1,9})|([a-z]{2,20}));?/gi,
    (whole, hex?: string, code?: string, name?: string) => {
      if (hex ?? code) return letter(hex ? Number.parseInt(hex, 16) : Number(code))
      return ENTITIES[name ?? ''] ?? whole
    }
  )
}

function letter(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
