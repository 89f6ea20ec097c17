/** What is put into the editor, of a draft or of what is pasted. */
import { cidOf } from '#lib/writing/domain/pictures.ts'
import { cleanFragment } from '#lib/writing/domain/quote-html.ts'

/** Squire gives these other names, too, but sets their styles in a way that the page's policy refuses. */
const NAMES = { STRONG: 'b', EM: 'i', INS: 'u', STRIKE: 's', TT: 'code' } as const

/**
 * Sanitized HTML. Pictures are named, and shown by `showPictures`: an address of the scheme `cid:` in the page would be a
 * violation of its policy.
 */
export function editable(html: string): DocumentFragment {
  const fragment = cleanFragment(html)
  for (const picture of fragment.querySelectorAll('img[src^="cid:" i]')) {
    picture.setAttribute('data-cid', cidOf(picture.getAttribute('src') ?? '') ?? '')
    picture.removeAttribute('src')
  }
  for (const element of fragment.querySelectorAll<HTMLElement>('strong, em, ins, strike, tt')) rename(element)
  for (const block of fragment.querySelectorAll('div:has(> br)')) partLines(block)
  // In a copy, the policy allows the styles that a quoted message has of its own.
  return document.importNode(fragment, true)
}

/** Squire deletes a break behind which no letter is: an empty line of Shift+Enter, or the one before a picture, would go. */
function partLines(block: Element): void {
  if (block.attributes.length > 0 || block.closest('[data-quote]')) return
  const lines: ChildNode[][] = [[]]
  for (const node of block.childNodes) {
    if (node.nodeName === 'BR') lines.push([])
    else lines.at(-1)?.push(node)
  }
  // The last break only holds the block open.
  if (lines.at(-1)?.length === 0) lines.pop()
  const made = lines.map((nodes) => {
    const line = block.ownerDocument.createElement('div')
    line.append(...(nodes.length > 0 ? nodes : [block.ownerDocument.createElement('br')]))
    return line
  })
  block.replaceWith(...made)
}

function rename(element: HTMLElement): void {
  const made = element.ownerDocument.createElement(NAMES[element.nodeName as keyof typeof NAMES])
  for (const { name, value } of element.attributes) if (name !== 'style') made.setAttribute(name, value)
  if (element.style.length > 0) made.style.cssText = element.style.cssText
  made.append(...element.childNodes)
  element.replaceWith(made)
}

/** What is pasted has the colours of our text: white on white, or black in the dark theme, could not be read. */
export function takeColours(pasted: ParentNode): void {
  for (const element of pasted.querySelectorAll<HTMLElement>('[style], [color], [bgcolor]')) {
    element.removeAttribute('color')
    element.removeAttribute('bgcolor')
    element.style.removeProperty('color')
    element.style.removeProperty('background-color')
    if (element.style.length === 0) element.removeAttribute('style')
  }
}
