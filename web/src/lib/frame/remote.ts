/** Remote pictures of a sanitized mail: how many there are, and whether the person wants them. */

// The spaces are bounded so that no text makes the pattern slow.
const CSS_ADDRESS = /url\(\s{0,9}["']?\s{0,9}((?:https?:)?\/\/[^"')\s]{1,2000})/gi

/**
 * Counts the different remote pictures. Those that may not load lose their address here, before the frame's policy
 * would block them; those in styles are left to the policy. Inline pictures (`cid:`) wait for their blobs.
 */
export function takeRemote(page: Element, allowed: boolean): number {
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
        else element.removeAttribute(attribute)
      }
    }
  }
  for (const text of stylesOf(page))
    for (const [, address] of text.matchAll(CSS_ADDRESS)) if (address) addresses.add(address)
  return addresses.size
}

function* stylesOf(page: Element): Generator<string> {
  for (const element of page.querySelectorAll('[style]')) yield element.getAttribute('style') ?? ''
  for (const style of page.querySelectorAll('style')) yield style.textContent
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
