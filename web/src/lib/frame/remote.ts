/** What a sanitized mail would load: how many remote pictures there are, and whether the person wants them. */
import { STYLE, type Sheet } from '#lib/mail/inert-html.ts'
import { boxOf } from './blocked.ts'

// The spaces are bounded so that no text makes the pattern slow.
const CSS_ADDRESS = /url\(\s{0,9}["']?\s{0,9}((?:https?:)?\/\/[^"')\s]{1,2000})["']?\s{0,9}\)?/gi

// Neither may load. If they stayed, the browser would report each to the console.
const CSS_LOADS =
  /@import\b(?:"[^"]{0,2000}"|'[^']{0,2000}'|\([^)]{0,600}\)|[^;}"'(])*;?|@font-face\s{0,9}\{[^{}]{0,9000}\}/gi

export interface Remote {
  /** the different remote pictures */
  readonly count: number
  readonly sheets: readonly Sheet[]
}

/**
 * Pictures that may not load lose their address here, before the frame's policy would block them; a box stands in the place of
 * each, unless `blocked`, which it is named, is empty. Inline pictures (`cid:`) wait for their blobs.
 */
export function takeRemote(page: Element, sheets: readonly Sheet[], allowed: boolean, blocked: string): Remote {
  const addresses = new Set<string>()
  for (const attribute of ['src', 'background']) {
    for (const element of page.querySelectorAll(`[${attribute}]`)) {
      const address = element.getAttribute(attribute)?.trim() ?? ''
      if (address.startsWith('data:')) continue
      if (/^cid:/i.test(address)) markInline(element, address.slice(4))
      if (!/^(https?:)?\/\//i.test(address)) element.removeAttribute(attribute)
      else {
        addresses.add(address)
        if (allowed) element.setAttribute(attribute, address.replace(/^(http:)?\/\//i, 'https://'))
        else if (blocked && element.nodeName === 'IMG') element.replaceWith(...boxOf(element, blocked))
        else element.removeAttribute(attribute)
      }
    }
  }
  const clean = (css: string): string => cleanCss(css, allowed, addresses)
  for (const element of page.querySelectorAll(`[${STYLE}]`)) {
    element.setAttribute(STYLE, clean(element.getAttribute(STYLE) ?? ''))
  }
  return { sheets: sheets.map(({ css, media }) => ({ css: clean(css), media })), count: addresses.size }
}

/** An address that is hidden from this is left to the frame's policy. */
function cleanCss(css: string, allowed: boolean, addresses: Set<string>): string {
  return css.replaceAll(CSS_LOADS, '').replaceAll(CSS_ADDRESS, (_, address: string) => {
    addresses.add(address)
    return allowed ? `url("${address.replace(/^(http:)?\/\//i, 'https://')}")` : 'none'
  })
}

/** RFC 2392: the address is the Content-ID, percent-encoded, without its brackets. */
function markInline(element: Element, id: string): void {
  if (element.nodeName !== 'IMG') return
  try {
    element.setAttribute('data-cid', decodeURIComponent(id))
  } catch {
    element.setAttribute('data-cid', id) // not percent-encoded
  }
}
