/** Where the cursor is in a formatted text, as a number. */
import type { Cursor } from '#lib/writing/page/carets.ts'

/** What begins a line, or ends one. */
const LINE = /^(?:BR|DIV|P|LI|PRE|H\d|T[DH]|D[DT]|BLOCKQUOTE)$/

/**
 * How many characters, pictures and beginnings of lines are before the cursor, which is in it. Not elements, nor blanks at
 * the ends of lines: the editor makes other elements of the same lines when it gets a text anew, and drops such blanks.
 */
export function placeIn(root: HTMLElement, { startContainer: node, startOffset }: Cursor): number {
  const range = document.createRange()
  range.setStart(root, 0)
  // What was before it in its node may be gone.
  range.setEnd(node, Math.min(startOffset, node instanceof Text ? node.length : node.childNodes.length))
  return walk(range.cloneContents(), () => false)
}

/** The inverse of `placeIn`; the end of the text if it is shorter now. */
export function rangeAt(root: HTMLElement, place: number): Range {
  const range = document.createRange()
  range.selectNodeContents(root)
  range.collapse(false)
  // The first line of a reply is empty: the first text is that of the signature below it.
  walk(root, (node, from, to) => {
    if (place > to) return false
    if (node instanceof Text) range.setStart(node, Math.max(place - from, 0))
    else if (place > from) range.setStartAfter(node)
    else range.setStartBefore(node)
    range.collapse(true)
    return true
  })
  return range
}

/** Tells of each text, picture and end of a line, and at which places it is, until `ends` is true; returns the last place. */
function walk(root: Node, ends: (node: Node, from: number, to: number) => boolean): number {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
  let place = 0
  let begins = false
  let blanks = 0
  const begin = (): number => (begins ? place + 1 - blanks : place)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    // The editor's own marks are no part of the text.
    const text = node instanceof Text ? node.data.replaceAll('\u200b', '') : ''
    const shown = node.nodeName === 'IMG' ? '\ufffc' : begins ? text.replace(/^[ \t\r\n]+/, '') : text
    if (shown !== '' || node.nodeName === 'BR') {
      place = begin()
      if (begins) blanks = 0
      begins = false
      if (ends(node, place, place + shown.length)) return place
      place += shown.length
      if (shown !== '') blanks = shown.length - shown.replace(/[ \t\r\n]+$/, '').length
    }
    begins ||= LINE.test(node.nodeName)
  }
  return begin()
}
