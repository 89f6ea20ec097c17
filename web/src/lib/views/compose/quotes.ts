/** The quoted message at the end of a reply, which is folded away until it is wanted. */

/** Marked by us, or as other programs mark it */
const QUOTE = '[data-quote], blockquote[type="cite"]'

/** Takes the quoted part out of the text; null if there is none. */
export function takeQuote(text: DocumentFragment): Element | null {
  const last = text.lastElementChild
  if (!last || last.nextSibling?.textContent?.trim()) return null
  const isQuote = last.matches(QUOTE) || last.querySelector(':scope > blockquote[type="cite"]') !== null
  // Alone it is what the person wants to see: somebody edits a draft that is nothing else.
  if (!isQuote || last === text.firstElementChild) return null
  last.remove()
  return last
}

/** The same of plain text: the lines at its end that begin with ">", and the line before them that says who wrote. */
export function partPlain(text: string): { readonly own: string; readonly quote: string } {
  const lines = text.split('\n')
  let from = lines.length
  while (from > 0 && /^>|^\s*$/.test(lines[from - 1] ?? '')) from -= 1
  const quoted = lines.slice(from).findIndex((line) => line.startsWith('>'))
  if (quoted < 0) return { own: text, quote: '' }
  // Blank lines between the attribution and the quote belong to neither.
  if (/:\s*$/.test(lines[from - 1] ?? '')) from -= 1
  else from += quoted
  if (from <= 0) return { own: text, quote: '' }
  return { own: lines.slice(0, from).join('\n'), quote: `\n${lines.slice(from).join('\n')}` }
}

/** Whether something is lost if this becomes plain text. A quote and a signature are not: their words stay. */
export function hasFormats(html: string): boolean {
  const [own = ''] = html.split('<div data-quote')
  return /<(?!\/|(?:div|p|br)\b)/.test(own)
}
