/**
 * HTML of strangers that stands in our own page, while a draft is written: the quote, what is pasted, a draft of another
 * program. No frame is around it, so it is sanitized more narrowly than for the reader: nothing that names, styles or
 * covers anything outside of itself, and nothing that loads.
 */
import DOMPurify, { type Config } from 'dompurify'
import { inertHtml, STYLE } from '#lib/mail/inert-html.ts'
import { tooLarge } from '#lib/mail/large-html.ts'
import { cleanStyle } from './quote-style.ts'
import { storedLinks } from './links.ts'
import { cidOf, storedPictures } from './pictures.ts'

/** The editor works through each element within others: deeper ones would stop it. */
const DEEPEST = 100

const CONFIG = {
  ALLOWED_TAGS: [
    ...[
      '#text',
      'a',
      'abbr',
      'b',
      'big',
      'blockquote',
      'br',
      'center',
      'code',
      'del',
      'div',
      'em',
      'font',
      'hr',
      'i',
      'img'
    ],
    ...[
      'ins',
      'kbd',
      'pre',
      'q',
      's',
      'samp',
      'small',
      'span',
      'strike',
      'strong',
      'sub',
      'sup',
      'tt',
      'u',
      'var',
      'p'
    ],
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
    ...['table', 'caption', 'colgroup', 'col', 'thead', 'tbody', 'tfoot', 'tr', 'td', 'th']
  ],
  ALLOWED_ATTR: [
    ...['href', 'src', 'alt', 'width', 'height', 'dir', 'lang', 'align', 'valign', 'bgcolor', 'color', 'face', 'size'],
    ...['border', 'cellpadding', 'cellspacing', 'colspan', 'rowspan', 'start', 'type', 'value', 'style'],
    ...['data-signature', 'data-quote', 'data-cid', 'data-href', STYLE]
  ],
  // Its colon is none of a scheme.
  ADD_URI_SAFE_ATTR: [STYLE],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  // The text inside of these is not for readers.
  FORBID_CONTENTS: [
    ...['script', 'style', 'template', 'title', 'svg', 'math', 'video', 'audio', 'iframe', 'object', 'datalist', 'xmp'],
    ...['head', 'noscript', 'noembed', 'noframes', 'select', 'textarea', 'button']
  ],
  // DOMPurify asks it for every attribute: these schemes, or no scheme at all. What becomes of addresses: `attributeValue`.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid|blob):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  RETURN_DOM_FRAGMENT: true
} satisfies Config

/** The quote of a message; null if it is too large to be edited: then its text is quoted. */
export function quoteHtml(source: string): string | null {
  if (tooLarge(source)) {
    return null
  }
  const quote = purify(source, { ours: false })
  return isDeep(quote) ? null : htmlOf(quote)
}

/** What a draft may hold, of what the editor holds or another program wrote. Nothing is too large: it would be lost. */
export function cleanHtml(source: string): string {
  return storedPictures(storedLinks(htmlOf(purify(source, { ours: true }))))
}

/**
 * What may be put into the editor. Pictures wait with `data-cid`: a browser asks for a `cid:` address in vain. Links wait with
 * `data-href`: a browser dials the host of a link that is pressed, and follows it where the text is locked.
 */
export function cleanFragment(source: string): DocumentFragment {
  const fragment = purify(source, { ours: true })
  for (const link of fragment.querySelectorAll('a[href]')) {
    link.setAttribute('data-href', link.getAttribute('href') ?? '')
    link.removeAttribute('href')
  }
  for (const picture of fragment.querySelectorAll('img[src]')) {
    const cid = cidOf(picture.getAttribute('src') ?? '')
    if (cid === null) continue
    picture.setAttribute('data-cid', cid)
    picture.removeAttribute('src')
  }
  return fragment
}

interface Origin {
  /** marks and pictures of this editor may stand in it */
  readonly ours: boolean
}

function purify(source: string, origin: Origin): DocumentFragment {
  DOMPurify.addHook('uponSanitizeAttribute', (element, attribute) => {
    const value = attributeValue(element, attribute.attrName, attribute.attrValue, origin)
    if (value === null) attribute.keepAttr = false
    else attribute.attrValue = value
  })
  try {
    // A set of frames has no body, and so no fragment.
    const fragment =
      (DOMPurify.sanitize(inertHtml(source).html, CONFIG) as DocumentFragment | null) ?? new DocumentFragment()
    describePictures(fragment)
    style(fragment)
    return fragment
  } finally {
    DOMPurify.removeAllHooks()
  }
}

/** Null: it goes. */
function attributeValue(element: Element, name: string, value: string, { ours }: Origin): string | null {
  switch (name) {
    case 'data-href':
      return ours ? linkAddress(element, value.trim()) : null
    case 'href':
      return linkAddress(element, value.trim())
    case 'src':
      return element.nodeName === 'IMG' ? pictureSource(element, value.trim(), ours) : null
    case 'style':
    case STYLE:
      return cleanStyle(value) || null
    case 'width':
    case 'height':
      return /^\d{1,4}%?$/u.test(value.trim()) ? value.trim() : null
    case 'data-cid':
    case 'data-signature':
    case 'data-quote':
      return ours ? value : null
    default:
      return value
  }
}

function linkAddress(element: Element, address: string): string | null {
  return element.nodeName === 'A' && /^(?:https?:|mailto:|tel:)/iu.test(address) ? address : null
}

/** A remote picture loads nothing and tells nobody that the mail is being answered: it is gone, and what it shows is said. */
function pictureSource(element: Element, source: string, ours: boolean): string | null {
  const isShown = ours && source.startsWith('blob:') && element.hasAttribute('data-cid')
  return /^cid:./iu.test(source) || isShown ? source : null
}

/** A script sets the styles, which the page's policy allows. */
function style(fragment: DocumentFragment): void {
  for (const element of fragment.querySelectorAll<HTMLElement>(`[${STYLE}]`)) {
    element.style.cssText = element.getAttribute(STYLE) ?? ''
    element.removeAttribute(STYLE)
  }
}

function describePictures(fragment: DocumentFragment): void {
  for (const picture of fragment.querySelectorAll('img:not([src]):not([data-cid])')) {
    picture.replaceWith(picture.getAttribute('alt')?.trim() ?? '')
  }
}

function isDeep(fragment: DocumentFragment): boolean {
  const walker = fragment.ownerDocument.createTreeWalker(fragment, NodeFilter.SHOW_ELEMENT)
  for (let depth = 0, node = walker.firstChild(); node;) {
    if (depth > DEEPEST) return true
    const child = walker.firstChild()
    if (child) {
      depth++
      node = child
      continue
    }
    let next = walker.nextSibling()
    while (!next && walker.parentNode() && depth > 0) {
      depth--
      next = walker.nextSibling()
    }
    node = next
  }
  return false
}

function htmlOf(fragment: DocumentFragment): string {
  const box = fragment.ownerDocument.createElement('div')
  box.append(fragment)
  return box.innerHTML
}
