/** Whether a mail has colours of its own, and whether it can be dark: who has colours and cannot, lies on white paper. */

export interface Looks {
  readonly ownColours: boolean
  readonly knowsDark: boolean
}

const COLOURED = '[bgcolor], [background], [text], [color], [style*="color" i], [style*="background" i]'
const CSS_COLOUR = /(?:^|[;{\s])(?:color|background(?:-color|-image)?)\s{0,9}:/i
// The gap is bounded so that no text makes the pattern slow.
const CSS_DARK = /color-scheme\s{0,9}:[^;}]{0,40}dark|prefers-color-scheme\s{0,9}:\s{0,9}dark/i

/** @param colorScheme what `<meta name="color-scheme">` said */
export function looksOf(page: Element, colorScheme: string): Looks {
  const styles = [...page.querySelectorAll('style')].map((style) => style.textContent)
  return {
    ownColours: page.querySelector(COLOURED) !== null || styles.some((style) => CSS_COLOUR.test(style)),
    knowsDark: /dark/i.test(colorScheme) || styles.some((style) => CSS_DARK.test(style))
  }
}
