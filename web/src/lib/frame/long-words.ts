/**
 * Words that are longer than a line of a phone may break anywhere, such as addresses. No other word may: a table would become
 * narrower by it, and break each of its words.
 */

const LONG = 40
const WORD = new RegExp(`[^\\s\\u00ad\\u200b]{${LONG},}`, 'u')
const WORDS = new RegExp(WORD, 'gu')

export function markLongWords(body: Element): void {
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT)
  const texts: Text[] = []
  while (walker.nextNode()) {
    const text = walker.currentNode as Text
    if (WORD.test(text.data)) texts.push(text)
  }
  for (const text of texts) text.replaceWith(...pieces(text))
}

function pieces({ data, ownerDocument }: Text): (string | Element)[] {
  const found: (string | Element)[] = []
  let end = 0
  for (const match of data.matchAll(WORDS)) {
    const word = ownerDocument.createElement('span')
    word.setAttribute('data-long', '')
    word.textContent = match[0]
    found.push(data.slice(end, match.index), word)
    end = match.index + match[0].length
  }
  return [...found, data.slice(end)].filter((piece) => piece !== '')
}
