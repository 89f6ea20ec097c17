import { STYLE, type Sheet } from '#lib/mail/inert-html.ts'

/** Whether a mail has colours of its own, and whether it can be dark: who has colours and cannot, lies on white paper. */

export interface Looks {
  readonly ownColours: boolean
  readonly knowsDark: boolean
}

const COLOURED = `[bgcolor], [background], [text], [color], [${STYLE}*="color" i], [${STYLE}*="background" i]`
const CSS_COLOUR = /(?:^|[;{\s])(?:color|background(?:-color|-image)?)\s{0,9}:/i
// The gap is bounded so that no text makes the pattern slow.
const CSS_DARK = /color-scheme\s{0,9}:[^;}]{0,40}dark|prefers-color-scheme\s{0,9}:\s{0,9}dark/i

/** @param colorScheme what `<meta name="color-scheme">` said */
export function looksOf(page: Element, sheets: readonly Sheet[], colorScheme: string): Looks {
  const styles = sheets.map(({ css, media }) => `${media}{${css}}`)
  const own = [page, ...page.querySelectorAll('body')].map((element) => element.getAttribute(STYLE) ?? '')
  return {
    ownColours:
      page.matches(COLOURED) || page.querySelector(COLOURED) !== null || styles.some((css) => CSS_COLOUR.test(css)),
    knowsDark: /dark/i.test(colorScheme) || [...styles, ...own].some((css) => CSS_DARK.test(css))
  }
}
