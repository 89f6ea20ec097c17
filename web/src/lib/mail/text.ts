/** HTML → text and back, for mails that come in one form only. The text is never parsed as HTML again. */

/** Elements whose content is not for readers, and where each ends. */
const DROPPED: Record<string, RegExp> = {
  '!--': /-->/g,
  style: /<\/style\s*>/gi,
  script: /<\/script\s*>/gi,
  head: /<\/head\s*>/gi,
  title: /<\/title\s*>/gi
}
const START = /<(!--|(?:style|script|head|title|br|hr|\/(?:p|div|tr|li|h[1-6]|blockquote))\b)?/iy
const END = />/g
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** What can be read of a mail if its HTML cannot be shown. */
export function textOf(html: string): string {
  return withoutTags(html)
    .replace(/&(#x?[0-9a-f]+|\w+);/gi, entity)
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** Whatever is looked for in vain once is not looked for again: a mail may consist of a million "<". */
function withoutTags(html: string): string {
  const absent = new Set<RegExp>()
  const endOf = (what: RegExp | undefined, from: number): number | null => {
    if (!what || absent.has(what)) return null
    what.lastIndex = from
    if (what.test(html)) return what.lastIndex
    absent.add(what)
    return null
  }
  const pieces: string[] = []
  let at = 0
  for (let open = html.indexOf('<'); open >= 0; open = html.indexOf('<', at)) {
    START.lastIndex = open
    const start = START.exec(html)?.[1]?.toLowerCase() ?? ''
    const dropped = endOf(DROPPED[start], open)
    const end = dropped ?? endOf(END, open)
    if (end === null) break
    pieces.push(spaced(html.slice(at, open)), dropped !== null ? ' ' : start && !(start in DROPPED) ? '\n' : '')
    at = end
  }
  return pieces.join('') + spaced(html.slice(at))
}

function spaced(text: string): string {
  return text.replace(/\s+/g, ' ')
}

function entity(whole: string, name: string): string {
  if (!name.startsWith('#')) {
    return ENTITIES[name.toLowerCase()] ?? whole
  }
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

/** A text part that stands among HTML parts. */
export function htmlOf(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<div style="white-space: pre-wrap">${escaped}</div>`
}
