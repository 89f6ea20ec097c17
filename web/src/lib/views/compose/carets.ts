/** Where the cursor was in texts whose windows are closed: whoever undoes the sending goes on there. */

const places = new Map<string, number>()

/** `place`: characters before the cursor. */
export function keepCaret(draftId: string, place: number): void {
  places.set(draftId, place)
}

export function caretOf(draftId: string): number {
  return places.get(draftId) ?? 0
}

/** The characters of the text before the start of the selection. */
export function placeIn(root: HTMLElement, selection: Range): number {
  if (!root.contains(selection.startContainer)) return 0
  const before = document.createRange()
  before.setStart(root, 0)
  before.setEnd(selection.startContainer, selection.startOffset)
  return before.toString().length
}

/** The inverse of `placeIn`; the end of the text if it is shorter now. */
export function rangeAt(root: HTMLElement, place: number): Range {
  const range = document.createRange()
  range.selectNodeContents(root)
  range.collapse(false)
  if (place === 0) {
    // The first line of a reply is empty: the first text is that of the signature below it.
    range.setStart(root.firstElementChild ?? root, 0)
    range.collapse(true)
    return range
  }
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  let left = place
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.nodeValue?.length ?? 0
    if (left <= length) {
      range.setStart(node, left)
      range.collapse(true)
      return range
    }
    left -= length
  }
  return range
}
