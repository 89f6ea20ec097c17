/** Where the cursor is in a formatted text, as a number. Loaded with what a window needs later. */
import type { Cursor } from '#lib/views/compose/carets.ts'

/** How many characters and elements begin before the cursor, which is in it: an empty line has no characters. */
export function placeIn(root: HTMLElement, { startContainer: node, startOffset }: Cursor): number {
  const range = document.createRange()
  range.setStart(root, 0)
  // What was before it in its node may be gone.
  range.setEnd(node, Math.min(startOffset, node instanceof Text ? node.length : node.childNodes.length))
  const before = document.createElement('div')
  before.append(range.cloneContents())
  // The editor's own marks are no part of the text.
  return before.textContent.replaceAll('\u200b', '').length + before.querySelectorAll('*').length
}

/** The inverse of `placeIn`; the end of the text if it is shorter now. */
export function rangeAt(root: HTMLElement, place: number): Range {
  const range = document.createRange()
  range.selectNodeContents(root)
  range.collapse(false)
  let left = place
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node instanceof Text ? node.length : 1
    // The first line of a reply is empty: the first text is that of the signature below it.
    if (left <= length) {
      if (node.nodeName === 'BR' || node.nodeName === 'IMG') range.setStartAfter(node)
      else range.setStart(node, node instanceof Text ? left : 0)
      range.collapse(true)
      return range
    }
    left -= length
  }
  return range
}
