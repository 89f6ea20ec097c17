/** A link of a message whose text names another place than the one that opens, both as a browser reads them. */
import DOMPurify, { type Config } from 'dompurify'
import { asRead } from './as-read.ts'
import { inertHtml, UNREAD } from './inert-html.ts'
import { tooLarge } from './large-html.ts'
import { leadsElsewhere } from './link-targets.ts'

/** Elements that are shown on lines, or in cells, of their own. */
const APART =
  /^(address|article|blockquote|br|center|dd|div|dl|dt|figure|footer|h[1-6r]|header|li|ol|p|pre|section|t[dhr]|table|ul)$/

/** The page's policy lets nothing but DOMPurify and Svelte make a document of text (Trusted Types). */
const CONFIG = {
  USE_PROFILES: { html: true },
  RETURN_DOM: true,
  FORBID_CONTENTS: [...UNREAD]
} satisfies Config

export interface DeceptiveLink {
  readonly shown: string
  readonly target: string
}

/** The first one. An HTML that is too large is not shown unless the person asks; what they press there is compared then. */
export function deceptiveLink(html: string, own: readonly string[] = []): DeceptiveLink | null {
  if (tooLarge(html)) return null
  const page = DOMPurify.sanitize(inertHtml(html).html, CONFIG) as unknown as HTMLElement
  for (const link of page.querySelectorAll('a[href]')) {
    for (const element of link.querySelectorAll('*')) {
      if (!APART.test(element.localName)) continue
      element.before(' ')
      element.after(' ')
    }
    const target = link.getAttribute('href') ?? ''
    const text = link.textContent.replace(/[\t\n\f\r ]+/g, ' ')
    if (leadsElsewhere(text, target, own)) return { shown: asRead(text), target }
  }
  return null
}
