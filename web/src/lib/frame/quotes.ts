/** The message that a mail answers, quoted behind its own text: folded until somebody wants to read it. */

const QUOTES = [
  'blockquote[type="cite" i]',
  'blockquote.gmail_quote',
  'div.gmail_quote_container',
  'div.gmail_quote',
  'blockquote.protonmail_quote',
  'div.protonmail_quote',
  'div.yahoo_quoted',
  'div#appendonsend',
  'div#divRplyFwdMsg',
  'blockquote'
].join(', ')

/** Marks that begin a quote without enclosing it (Outlook): all that follows belongs to it. */
const BEGINNINGS = 'div#appendonsend, div#divRplyFwdMsg'

/**
 * Folds a quote at the end of the mail. A quote with an answer below it is part of the talk and stays open; a mail that
 * is nothing but a quote stays open, too.
 */
export function foldQuote(body: Element, showQuoted: string): void {
  const quote = outermost(body)
  if (!quote) return
  const nodes = quote.matches(BEGINNINGS) ? [quote, ...following(quote)] : [quote]
  if (!hasContent(body, quote, 'before')) return
  if (nodes.length === 1 && hasContent(body, quote, 'behind')) return
  const document = body.ownerDocument
  const details = document.createElement('details')
  const summary = document.createElement('summary')
  details.className = 'quote'
  summary.textContent = '···'
  summary.setAttribute('aria-label', showQuoted)
  quote.before(details)
  details.append(summary, ...nodes)
}

/** The last quote that lies in no other. Only this one can end the mail. */
function outermost(body: Element): Element | null {
  let quote = [...body.querySelectorAll(QUOTES)].at(-1) ?? null
  for (let outer = quote; outer; outer = outer.parentElement?.closest(QUOTES) ?? null) quote = outer
  return quote
}

function following(element: Element): Node[] {
  const nodes: Node[] = []
  for (let node = element.nextSibling; node; node = node.nextSibling) nodes.push(node)
  return nodes
}

/** Whether a person would see something before the quote, or behind it: words or a picture. */
function hasContent(body: Element, quote: Element, side: 'before' | 'behind'): boolean {
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
  walker.currentNode = side === 'before' ? quote : lastOf(quote)
  const step = () => (side === 'before' ? walker.previousNode() : walker.nextNode())
  for (let node = step(); node; node = step()) {
    if (node.nodeName === 'IMG') return true
    if (node.nodeName === '#text' && node.textContent?.trim() && node.parentElement?.nodeName !== 'STYLE') return true
  }
  return false
}

function lastOf(node: Node): Node {
  let last = node
  while (last.lastChild) last = last.lastChild
  return last
}
