/** HTML that would take a browser more than 2 s. */

export const MAX_CHARACTERS = 1_000_000
export const MAX_TAGS = 40_000

const TAG = /<(\/?)([a-z][a-z0-9]*)/gi
const FORMATTING = /^(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)$/i

/**
 * The parser opens every formatting element that is still open again in each block (HTML standard, "reconstruct the
 * active formatting elements"): 600 of them in 600 paragraphs are 180,000 elements, out of 10 KB. So these are counted
 * before anything is parsed.
 */
export function tooLarge(source: string): boolean {
  if (source.length > MAX_CHARACTERS) return true
  let open = 0
  let elements = 0
  for (const [, closing, name = ''] of source.matchAll(TAG)) {
    if (!FORMATTING.test(name)) elements += open + 1
    else if (closing) open = Math.max(0, open - 1)
    else open++
    if (elements + open > MAX_TAGS) return true
  }
  return false
}
