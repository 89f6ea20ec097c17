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

/** Elements that are lines of their own. */
const BLOCKS = ['P', 'DIV']

/** Characters of a line that introduces a quote. */
const LONGEST = 200

/** Marks that begin a quote without enclosing it (Outlook): all that follows belongs to it. */
const BEGINNINGS = 'div#appendonsend, div#divRplyFwdMsg'

/**
 * Folds a quote at the end of the mail. A quote with an answer below it is part of the talk and stays open; a mail that
 * is nothing but a quote stays open, too.
 */
export function foldQuote(body: Element, showQuoted: string): void {
  const quote = outermost(body)
  if (!quote) return
  const isMark = quote.matches(BEGINNINGS)
  if (!hasContent(body, quote, 'before')) return
  if (!isMark && hasContent(body, quote, 'behind')) return
  const document = body.ownerDocument
  const details = document.createElement('details')
  const summary = document.createElement('summary')
  details.className = 'quote'
  // No mail can have it.
  details.setAttribute('data-fold', '')
  summary.textContent = '···'
  summary.setAttribute('aria-label', showQuoted)
  const introduction = isMark ? [] : introductionOf(body, quote)
  quote.before(details)
  details.append(summary, ...introduction, quote, ...(isMark ? following(details) : []))
}

/** The line that introduces the quote, such as "On Monday Mara wrote:", with what lies between; none if it is all there is. */
function introductionOf(body: Element, quote: Element): Node[] {
  const nodes: Node[] = []
  for (let node = quote.previousSibling; node; node = node.previousSibling) {
    nodes.unshift(node)
    const text = node.textContent?.trim() ?? ''
    if (text === '' && node.nodeName !== 'IMG') continue
    const isLine = text.length < LONGEST && text.endsWith(':') && beginsLine(node) && hasContent(body, node, 'before')
    return isLine ? nodes : []
  }
  return []
}

/** Text that follows other text on the same line is not an introduction by itself. */
function beginsLine(node: Node): boolean {
  const before = node.previousSibling
  return BLOCKS.includes(node.nodeName) || !before || [...BLOCKS, 'BR'].includes(before.nodeName)
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
function hasContent(body: Element, quote: Node, side: 'before' | 'behind'): boolean {
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
