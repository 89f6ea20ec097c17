/** Files that are dropped or pasted. */

export function filesOf(data: DataTransfer | null): readonly File[] {
  return [...(data?.files ?? [])]
}

/** The place in the text where something is dropped; null: it is beside the text. */
export function dropOf(event: DragEvent): Range | null {
  const text = (event.target as Element | null)?.closest('[role="textbox"]')
  if (!text) return null
  // Safari has it since 26.2; before, pictures come where the cursor is.
  const place =
    'caretPositionFromPoint' in document ? document.caretPositionFromPoint(event.clientX, event.clientY) : null
  if (!place || !text.contains(place.offsetNode)) return null
  const range = document.createRange()
  range.setStart(place.offsetNode, place.offset)
  return range
}
