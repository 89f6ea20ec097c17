/** Files that are dropped or pasted. */

export function filesOf(data: DataTransfer | null): readonly File[] {
  return [...(data?.files ?? [])]
}

/** Characters of a text that is pasted. Through more of them the editor would work for seconds, and again with each key. */
const LONGEST = 100_000
/** Characters of its HTML, most of which is not text. */
const LONGEST_HTML = 1_000_000

/** A pasted text that is too long to be edited, as a file; null if it is not. */
export function longText(data: DataTransfer | null, name: string): File | null {
  const [text = '', html = ''] = ['text/plain', 'text/html'].map((type) => data?.getData(type))
  if (text.length <= LONGEST && html.length <= LONGEST_HTML) return null
  return text === ''
    ? new File([html], name.replace(/txt$/, 'html'), { type: 'text/html' })
    : new File([text], name, { type: 'text/plain' })
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
