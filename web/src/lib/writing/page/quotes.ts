/** The quoted message at the end of a reply, which is folded away until it is wanted. */

/** Marked by us, or as other programs mark it */
const QUOTE = '[data-quote], blockquote[type="cite"]'

/** It may hold what nobody could see: whoever sends it must see it. */
const WHOLE = '[data-quote="whole"]'

/** Takes the quoted part out of the text; null if there is none. */
export function takeQuote(text: DocumentFragment): Element | null {
  const last = text.lastElementChild
  if (!last || last.matches(WHOLE) || last.nextSibling?.textContent?.trim()) return null
  const isQuote = last.matches(QUOTE) || last.querySelector(':scope > blockquote[type="cite"]') !== null
  // A draft that is nothing but a quote is shown: the quote is what the person edits.
  if (!isQuote || last === text.firstElementChild) return null
  last.remove()
  return last
}
