/** Pictures in the text: `cid:` where it is kept and sent (RFC 2392), `blob:` where it is edited. */
import { attributeOf, escaped, tokensOf } from './html-tokens.ts'

/** The Content-IDs that the HTML refers to, each once. */
export function cidsIn(html: string): string[] {
  const found = new Set<string>()
  for (const token of tokensOf(html)) {
    const source = token.kind === 'open' && token.name === 'img' ? attributeOf(token.attributes, 'src') : null
    const cid = cidOf(source ?? '')
    if (cid !== null) found.add(cid)
  }
  return [...found]
}

/** What is kept of what the editor holds: there, pictures have their Content-ID in `data-cid`. */
export function storedPictures(html: string): string {
  return withTags(html, (attributes, tag) => {
    const cid = attributeOf(attributes, 'data-cid')
    return cid === null ? tag : `<img${without(attributes)} src="${escaped(cidUrl(cid))}">`
  })
}

/** Other Content-IDs; a picture whose one is not known goes, and its description stays. */
export function renamedPictures(html: string, names: ReadonlyMap<string, string>): string {
  return withTags(html, (attributes, tag) => {
    const cid = cidOf(attributeOf(attributes, 'src') ?? '')
    const name = cid === null ? undefined : names.get(cid)
    if (cid === null || name === cid) return tag
    const alt = attributeOf(attributes, 'alt') ?? ''
    return name === undefined ? escaped(alt) : `<img${without(attributes)} src="${escaped(cidUrl(name))}">`
  })
}

export function cidUrl(cid: string): string {
  return `cid:${encodeURIComponent(cid).replaceAll('%40', '@')}`
}

/** The Content-ID that the address of a picture names; null if it is no `cid:` address. */
export function cidOf(source: string): string | null {
  const match = /^\s*cid:(.+)$/iu.exec(source)
  if (!match) {
    return null
  }
  try {
    return decodeURIComponent(match[1] ?? '').trim()
  } catch {
    return match[1]?.trim() ?? null // not percent-encoded
  }
}

function withTags(html: string, change: (attributes: string, tag: string) => string): string {
  const pieces: string[] = []
  let end = 0
  for (const token of tokensOf(html)) {
    if (token.kind !== 'open' || token.name !== 'img') continue
    pieces.push(html.slice(end, token.start), change(token.attributes, html.slice(token.start, token.end)))
    end = token.end
  }
  return [...pieces, html.slice(end)].join('')
}

function without(attributes: string): string {
  return attributes.replace(/\s+(?:src|data-cid)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+)/giu, '').replace(/\s*\/?$/u, '')
}
