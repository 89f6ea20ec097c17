/**
 * HTML whose parsing applies nothing and runs nothing. A document that a page makes has the page's policy, so a browser tells
 * the console of every `style` and every `on…` that it parses there, although neither counts for anything.
 */

/** What `style` is named until the HTML is sanitized. */
export const STYLE = 'data-style'

/** Comments and raw text, in which nothing is a tag, and tags. Each alternative also ends where the text does: no part is read twice. */
const PIECE =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|title|textarea|xmp|iframe|noembed|noframes)\b[\s\S]*?(?:<\/\1|$)|<[a-z](?:[^>=]+|=\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"'>]?))*/giu
/** Values of attributes, which stay as they are, and names. */
const VALUE_OR_NAME = /=\s*(?:"[^"]*"?|'[^']*'?|[^\s>]*)|(?<=[\s/"'])(?:style|on[a-z]+)(?=\s*=)/giu

export function inertHtml(source: string): string {
  return source.replaceAll(PIECE, (piece: string, raw: string | undefined) =>
    raw !== undefined || piece.startsWith('<!')
      ? piece
      : piece.replaceAll(VALUE_OR_NAME, (part) => (part.startsWith('=') ? part : `data-${part.toLowerCase()}`))
  )
}
