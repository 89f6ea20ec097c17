/** Links whose text names another place than the one they lead to. */
import { inLetters, organisationOf } from './organisation.ts'

/** Hosts of mail servers that check each link when it is opened: the place is in the query, or in the path. */
const CHECKERS =
  /(^|\.)(safelinks\.protection\.outlook\.com|urldefense\.(com|proofpoint\.com)|linkprotect\.cudasvc\.com|protection\.sophos\.com|mimecast(protect)?\.com|google\.com)$/

const NAMED = /^(?:https?:\/\/)?((?:[\p{L}\p{N}_-]+\.)+\p{L}{2,24})(?::\d+)?(?:[/?#]\S*)?$/iu
/** What ends so is a file rather than a host. */
const FILES = /\.(pdf|docx?|xlsx?|pptx?|zip|png|jpe?g|gif|txt|html?|js|py|md|csv|ics)$/i

/** The host that the text of a link names; null if it names none. */
function hostNamed(text: string): string | null {
  const found = NAMED.exec(text.trim().slice(0, 500))
  return found?.[1] && !FILES.test(found[1]) ? found[1].toLowerCase() : null
}

/** Whether the text names another organisation's place than the one that opens. */
export function leadsElsewhere(text: string, href: string): boolean {
  const named = hostNamed(text)
  if (named === null) return false
  const target = urlOf(href)
  if (!target || !/^https?:$/.test(target.protocol)) return false
  const organisation = organisationOf(inLetters(named))
  return !places(target).some((host) => organisationOf(inLetters(host)) === organisation)
}

/** The host, or the one that a server which checks links passes on to. */
function places(target: URL): readonly string[] {
  if (!CHECKERS.test(target.hostname)) return [target.hostname]
  const passed = [...target.searchParams.values(), target.href.replace(/^.*?__/, '').replace(/__.*$/, '')]
  return [
    target.hostname,
    ...passed.flatMap((value) => urlOf(value.replace(/^(?!https?:)/, 'https://'))?.hostname ?? [])
  ]
}

function urlOf(href: string): URL | null {
  try {
    return new URL(href)
  } catch {
    return null
  }
}

/** Links that are looked at in one message, and characters of one: no HTML makes the search slow. */
const MOST_LINKS = 500
const LONGEST = 4_000
const HREF = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i

/** The first link of an HTML that names another place than its own. */
export function deceptiveLink(html: string): { readonly shown: string; readonly target: string } | null {
  const small = html.toLowerCase()
  let at = 0
  for (let left = MOST_LINKS; left > 0; left -= 1) {
    const start = small.indexOf('<a', at)
    const inner = start < 0 ? -1 : small.indexOf('>', start) + 1
    const end = inner <= 0 ? -1 : small.indexOf('</a', inner)
    if (end < 0) return null
    at = end
    const [, one, two, three] = HREF.exec(html.slice(start + 2, Math.min(inner - 1, start + LONGEST))) ?? []
    const target = unescaped(one ?? two ?? three ?? '')
    const shown = unescaped(html.slice(inner, Math.min(end, inner + LONGEST)).replace(/<[^<>]*>/g, ''))
    if (leadsElsewhere(shown, target)) return { shown: shown.replace(/\s+/g, ' ').trim(), target }
  }
  return null
}

function unescaped(text: string): string {
  return text
    .replace(/&#(\d{1,6});/g, (_, code: string) => letter(Number(code)))
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => letter(Number.parseInt(code, 16)))
    .replace(
      /&(nbsp|lt|gt|quot|amp);/g,
      (_, name: string) => ({ nbsp: ' ', lt: '<', gt: '>', quot: '"', amp: '&' })[name] ?? ''
    )
}

function letter(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
