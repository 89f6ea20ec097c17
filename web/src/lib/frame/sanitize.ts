import DOMPurify, { type Config } from 'dompurify'
import { inertHtml, STYLE, UNREAD, type Sheet } from '#lib/mail/inert-html.ts'
import { tooLarge } from '#lib/mail/large-html.ts'
import { markLongWords } from './long-words.ts'
import { looksOf } from './looks.ts'
import { foldQuote } from './quotes.ts'
import { takeRemote } from './remote.ts'

export interface SanitizeOptions {
  /** remote pictures may load */
  readonly allowRemote: boolean
  /** the name of the button that shows quoted text */
  readonly showQuoted: string
  /** the name of a remote picture that may not load; empty if nothing stands in its place */
  readonly blocked: string
  /** however large it is: the person asked for it */
  readonly whole?: boolean
}

export interface Sanitized {
  /** a whole document, for the frame alone, whose styles wait in `data-style`: never put it into the page */
  readonly html: string
  /** its `<style>` elements */
  readonly sheets: readonly Sheet[]
  /** how many different remote pictures it names */
  readonly remote: number
  /** it has colours of its own, so a dark theme would make it unreadable */
  readonly ownColours: boolean
  /** it says that it can be dark */
  readonly knowsDark: boolean
  readonly lang: string
  readonly dir: 'ltr' | 'rtl' | ''
}

/**
 * HTML of a mail and nothing else: no SVG and no MathML, whose rules of parsing made most bypasses of sanitizers, and
 * nothing that opens a connection in spite of a CSP (`meta`, `link`, `iframe`).
 */
const CONFIG = {
  USE_PROFILES: { html: true },
  WHOLE_DOCUMENT: true,
  RETURN_DOM: true,
  ALLOW_DATA_ATTR: false,
  FORBID_TAGS: [
    ...['form', 'fieldset', 'input', 'button', 'textarea', 'select', 'option', 'optgroup', 'datalist', 'output'],
    ...['dialog', 'video', 'audio', 'source', 'track', 'picture', 'canvas', 'marquee', 'template', 'slot'],
    ...['base', 'link', 'meta', 'style', 'iframe', 'object', 'embed', 'title'],
    ...['content', 'shadow', 'decorator', 'element']
  ],
  // `picture` and the like keep their content.
  FORBID_CONTENTS: [...UNREAD],
  FORBID_ATTR: [
    ...['style', 'ping', 'srcset', 'sizes', 'poster', 'autofocus', 'accesskey', 'contenteditable', 'draggable'],
    ...['inert', 'is', 'popover', 'popovertarget', 'popovertargetaction', 'command', 'commandfor', 'target'],
    ...['download', 'slot', 'part', 'tabindex', 'aria-live', 'aria-modal', 'for', 'form', 'formaction', 'action'],
    ...['crossorigin', 'loading', 'nonce', 'inputmode']
  ],
  ADD_ATTR: ['text', STYLE],
  // Else DOMPurify would take what stands before a colon in it for the scheme of an address.
  ADD_URI_SAFE_ATTR: [STYLE],
  // DOMPurify asks it for every attribute: these schemes, or no scheme at all. What becomes of links: `keepLinks`.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i
} satisfies Config

const LOUD_ROLES = /^(alert|alertdialog|dialog|status|log|timer|marquee|application)$/i

/** What of a mail's HTML may be seen; null if it is too large to be shown without asking. */
export function sanitize(source: string, options: SanitizeOptions): Sanitized | null {
  if (!options.whole && tooLarge(source)) return null
  const said = { colorScheme: '' }
  const inert = inertHtml(source)
  const page = purify(inert.html, said)
  // A set of frames has no body; what it would have shown is gone.
  const body = page.querySelector('body') ?? page.appendChild(page.ownerDocument.createElement('body'))
  const { ownColours, knowsDark } = looksOf(page, inert.sheets, said.colorScheme)
  const { sheets, count } = takeRemote(page, inert.sheets, options.allowRemote, options.blocked)
  keepLinks(page)
  foldQuote(body, options.showQuoted)
  markLongWords(body)
  return {
    html: page.innerHTML,
    sheets,
    remote: count,
    ownColours,
    knowsDark,
    lang: languageOf(page, body),
    dir: directionOf(page, body)
  }
}

function purify(source: string, said: { colorScheme: string }): HTMLElement {
  DOMPurify.addHook('beforeSanitizeElements', (node) => {
    if (node.nodeName === 'META') said.colorScheme += colorSchemeOf(node as Element)
  })
  DOMPurify.addHook('uponSanitizeAttribute', (_, attribute) => {
    if (attribute.attrName === 'role' && LOUD_ROLES.test(attribute.attrValue.trim())) attribute.keepAttr = false
  })
  try {
    return DOMPurify.sanitize(source, CONFIG) as unknown as HTMLElement
  } finally {
    DOMPurify.removeAllHooks()
  }
}

function colorSchemeOf(meta: Element): string {
  const name = meta.getAttribute('name')?.toLowerCase() ?? ''
  return /^(supported-)?color-schemes?$/.test(name) ? ` ${meta.getAttribute('content') ?? ''}` : ''
}

/**
 * Links lead to the web, to a mail, to a telephone, or to a place in the mail itself. Their address waits in
 * `data-link`: a browser dials the host of a link when it is pressed, before anybody could ask or warn.
 */
function keepLinks(page: Element): void {
  for (const link of page.querySelectorAll('[href]')) {
    const href = link.getAttribute('href')?.trim().replace(/^\/\//, 'https://') ?? ''
    if (href.startsWith('#')) continue
    if (/^(https?:|mailto:|tel:)/i.test(href)) {
      link.setAttribute('data-link', href)
      link.setAttribute('href', '#')
    } else link.removeAttribute('href')
  }
}

function languageOf(page: Element, body: Element): string {
  const lang = body.getAttribute('lang') ?? page.getAttribute('lang') ?? ''
  return /^[a-z]{2,8}(-[a-z0-9]{1,8}){0,4}$/i.test(lang) ? lang : ''
}

function directionOf(page: Element, body: Element): 'ltr' | 'rtl' | '' {
  const dir = (body.getAttribute('dir') ?? page.getAttribute('dir') ?? '').toLowerCase()
  return dir === 'ltr' || dir === 'rtl' ? dir : ''
}
